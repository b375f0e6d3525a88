// SPDX-License-Identifier: GPL-2.0

//! Small objects in coherent memory, such as descriptors, several in a page.
//!
//! For an object of a page or more use [`CoherentMemory`](super::CoherentMemory), and for buffers
//! that are reused [`BufferPool`](super::BufferPool).
//!
//! C header: [`include/linux/dmapool.h`](srctree/include/linux/dmapool.h).

use super::{
    alloc,
    compat,
    limits,
    AnySegments,
    Bidirectional,
    Memory,
    Range, //
};
use crate::bindings as helpers;
use core::{
    marker::PhantomData,
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    alloc::Flags,
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    io::{
        IoBase,
        SysMem,
        SysMemBackend, //
    },
    page::PAGE_SIZE,
    prelude::*,
    ptr::Alignment,
    sync::Arc,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// A pool of objects of the type `T` in coherent memory.
///
/// An object counts ([`Pool::zalloc`]) or borrows ([`Pool::zalloc_borrowed`]) its pool, so that it
/// cannot outlive it. The pool is destroyed, and its pages are freed, when the pool and all objects
/// that count it have been dropped. That sleeps: not in atomic context. A counted object that is
/// forgotten ([`core::mem::forget`]) leaks the pool with all its pages. If a borrowed object is
/// forgotten, C reports that the pool is busy when it is destroyed, and leaks its pages.
///
/// The allocator keeps its list of free objects in their own memory, which the device can access. A
/// device that writes to an object after it was freed corrupts that list, even behind an IOMMU.
///
/// C: `struct dma_pool`, [`mm/dmapool.c`](srctree/mm/dmapool.c).
///
/// # Examples
///
/// ```
/// use kernel::{
///     device::{
///         Bound,
///         Device, //
///     },
///     io::{
///         io_read,
///         io_write, //
///     },
///     prelude::*,
///     ptr::Alignment, //
/// };
/// use safe_dma::dma::Pool;
///
/// safe_dma::plain_struct! {
///     struct Descriptor {
///         addr: u64,
///         len: u32,
///         flags: u32,
///     }
/// }
///
/// fn describe(dev: &Device<Bound>) -> Result {
///     // The device requires multiples of 64, and no descriptor across a boundary of 4 KiB.
///     let (align, boundary) = (Alignment::new::<64>(), Alignment::new::<4096>());
///     let pool = Pool::<Descriptor>::new(dev, c"descriptors", align, Some(boundary))?;
///
///     let descriptor = Pool::zalloc(&pool, GFP_KERNEL)?;
///     io_write!(&descriptor, .len, 1500);
///     assert_eq!(io_read!(&descriptor, .flags), 0);
///     pr_info!("a descriptor of {} bytes\n", descriptor.range().len());
///     Ok(())
/// }
/// ```
///
/// # Invariants
///
/// `pool` is a pool of `dev` that was created for blocks of the size of `T`, each within one page
/// and aligned for `T`. It has not been destroyed.
pub struct Pool<'bound, T: AsBytes + FromBytes> {
    dev: &'bound Device<Bound>,
    pool: NonNull<helpers::dma_pool>,
    _objects: PhantomData<fn() -> T>,
}

// SAFETY: A pool may be used and destroyed in any thread. It owns no `T`: its objects do.
unsafe impl<T: AsBytes + FromBytes> Send for Pool<'_, T> {}

// SAFETY: A pool has a lock, so that several threads may use it at the same time. It owns no `T`.
unsafe impl<T: AsBytes + FromBytes> Sync for Pool<'_, T> {}

/// Returns the size of a block that `dma_pool_create()` uses for a size; [`None`] if it would
/// refuse it, or if a block would be larger than a page.
fn block_size(size: usize, align: Alignment, boundary: Option<Alignment>) -> Option<usize> {
    // The size of `struct dma_block`, which a free block contains: a pointer and a DMA address.
    const MIN: usize = size_of::<*mut ()>() + size_of::<DmaAddress>();

    if size == 0 {
        return None;
    }

    let block = size.max(MIN).checked_add(align.as_usize() - 1)? & !(align.as_usize() - 1);
    let fits = block <= PAGE_SIZE && boundary.is_none_or(|boundary| block <= boundary.as_usize());

    fits.then_some(block)
}

impl<'bound, T: AsBytes + FromBytes> Pool<'bound, T> {
    /// Creates a pool without memory. Sleeps.
    ///
    /// The DMA address of each object is a multiple of `align` bytes, and of the alignment of `T`.
    /// No object crosses an address that is a multiple of `boundary` bytes. `name` is shown in the
    /// device's file `pools` in sysfs.
    ///
    /// C: `dma_pool_create()`, [`include/linux/dmapool.h`](srctree/include/linux/dmapool.h).
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `T` has no bytes, or if its size is larger than a page or than `boundary`
    ///   when it is rounded up to the alignment, and to at least a pointer and a DMA address;
    /// - [`EIO`] if the device is not capable of coherent DMA;
    /// - [`ENOMEM`] if there is no memory.
    pub fn new(
        dev: &'bound Device<Bound>,
        name: &CStr,
        align: Alignment,
        boundary: Option<Alignment>,
    ) -> Result<Arc<Self>> {
        let align = align.max(Alignment::of::<T>());
        block_size(size_of::<T>(), align, boundary).ok_or(EINVAL)?;

        if !compat::is_dma_capable(dev) || limits::coherent_mask(dev) == 0 {
            return Err(EIO);
        }

        // SAFETY: `dev` is bound, and outlives the pool. `name` is a C string, which is copied. The
        // function accepts the other numbers, by the check above.
        let pool = unsafe {
            helpers::dma_pool_create_node(
                name.as_char_ptr(),
                compat::device(dev),
                size_of::<T>(),
                align.as_usize(),
                boundary.map_or(0, Alignment::as_usize),
                bindings::NUMA_NO_NODE,
            )
        };

        // INVARIANT: Just created, with the size of a `T`. Each block is within one page from
        // `dma_alloc_coherent()`, at an offset that is a multiple of the alignment.
        let pool = Self {
            dev,
            pool: NonNull::new(pool).ok_or(ENOMEM)?,
            _objects: PhantomData,
        };

        Ok(Arc::new(pool, GFP_KERNEL)?)
    }

    /// Allocates an object, all of whose bytes are zero.
    ///
    /// Of `flags`, those of [`GFP_KERNEL`], [`GFP_KERNEL_ACCOUNT`], [`GFP_ATOMIC`], [`GFP_NOWAIT`]
    /// and [`__GFP_NOWARN`] count. Sleeps if they allow it.
    ///
    /// C: `dma_pool_zalloc()`, [`include/linux/dmapool.h`](srctree/include/linux/dmapool.h).
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory.
    #[inline]
    pub fn zalloc(pool: &Arc<Self>, flags: Flags) -> Result<PoolObject<'bound, T>> {
        let (cpu, addr) = pool.block(flags)?;

        // INVARIANT: Just allocated from this pool.
        Ok(PoolObject {
            cpu,
            addr,
            pool: pool.clone(),
            _bound: PhantomData,
        })
    }

    /// Allocates an object that borrows the pool, all of whose bytes are zero.
    ///
    /// The same as [`Pool::zalloc`], with its errors and context, but without a reference count.
    ///
    /// C: `dma_pool_zalloc()`, [`include/linux/dmapool.h`](srctree/include/linux/dmapool.h).
    #[inline]
    pub fn zalloc_borrowed(&self, flags: Flags) -> Result<PoolObject<'bound, T, &Self>> {
        let (cpu, addr) = self.block(flags)?;

        // INVARIANT: Just allocated from this pool.
        Ok(PoolObject {
            cpu,
            addr,
            pool: self,
            _bound: PhantomData,
        })
    }

    /// Allocates a block, all of whose bytes are zero; returns its addresses.
    #[inline]
    fn block(&self, flags: Flags) -> Result<(NonNull<T>, DmaAddress)> {
        let flags = compat::gfp(alloc::reclaim_flags(flags) | __GFP_ZERO);
        let mut addr: DmaAddress = 0;

        // SAFETY: By the invariants the pool exists. `addr` is written to if this succeeds.
        let cpu = unsafe { helpers::dma_pool_alloc(self.pool.as_ptr(), flags, &mut addr) };

        Ok((NonNull::new(cpu.cast()).ok_or(ENOMEM)?, addr))
    }

    /// Returns the device that the pool is for.
    #[inline]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.dev
    }
}

impl<T: AsBytes + FromBytes> Drop for Pool<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the invariants the pool exists; it is not used again. None of its objects is
        // in use, since they count or borrow it, unless one that borrows it was forgotten: then C
        // frees no page.
        unsafe { helpers::dma_pool_destroy(self.pool.as_ptr()) };
    }
}

/// An object from a [`Pool`], which it counts or borrows: `P` is an [`Arc`] or a reference.
///
/// The CPU reads and writes it as it does [`CoherentMemory`](super::CoherentMemory): with
/// [`io_read!`](kernel::io::io_read), [`io_write!`](kernel::io::io_write) and the rest of
/// [`kernel::io::Io`] on `&object`, which access memory once and as written. There is never a
/// reference to a `T`, since a device that was told the address may write at any time.
/// [`dma_mb()`](kernel::sync::barrier::dma_mb) and the accessors of registers order the accesses;
/// see [`Engine`](super::Engine).
///
/// While it is the memory of a [`Transfer`](super::Transfer) the CPU cannot access it.
///
/// Dropping it returns it to the pool, and does not sleep unless it holds the last reference to the
/// pool. A driver that drops objects in atomic context keeps a reference of its own.
///
/// C: `dma_pool_free()`, [`mm/dmapool.c`](srctree/mm/dmapool.c).
///
/// # Invariants
///
/// - `cpu` and `addr` are a block that was allocated from `pool`, and not freed. It was zeroed.
/// - `P` is an [`Arc`] or a reference, and so always leads to the same pool.
pub struct PoolObject<'bound, T, P = Arc<Pool<'bound, T>>>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = Pool<'bound, T>>,
{
    cpu: NonNull<T>,
    addr: DmaAddress,
    pool: P,
    _bound: PhantomData<&'bound Device<Bound>>,
}

// SAFETY: The block belongs to this value alone, and may be accessed and freed in any thread. In
// effect a `T` is sent.
unsafe impl<'bound, T, P> Send for PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes + Send,
    P: Deref<Target = Pool<'bound, T>> + Send,
{
}

// SAFETY: A shared reference gives volatile access to the memory of a `T`, as one to mainline's
// `Coherent`.
unsafe impl<'bound, T, P> Sync for PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes + Sync,
    P: Deref<Target = Pool<'bound, T>> + Sync,
{
}

impl<'bound, T, P> PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = Pool<'bound, T>>,
{
    /// Returns the DMA range of the object.
    #[inline]
    pub fn range(&self) -> Range<'_, Bidirectional> {
        // SAFETY: By the invariants this block is as large as a `T` at least, and mapped for both
        // directions until it is freed; the range borrows it.
        unsafe { Range::new(self.addr, size_of::<T>()) }
    }

    /// Returns the address at which the CPU accesses the object.
    #[inline]
    pub fn as_ptr(&self) -> *const T {
        self.cpu.as_ptr()
    }
}

impl<'a, 'bound, T, P> IoBase<'a> for &'a PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = Pool<'bound, T>>,
{
    type Backend = SysMemBackend;
    type Target = T;

    #[inline]
    fn as_view(self) -> SysMem<'a, T> {
        // SAFETY: By the invariants, and those of the pool, there is memory for a `T`, and aligned
        // for it, until the object is dropped; it is borrowed for `'a`.
        unsafe { SysMem::new(self.cpu.as_ptr()) }
    }
}

impl<'bound, T, P> Drop for PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = Pool<'bound, T>>,
{
    fn drop(&mut self) {
        // SAFETY: By the invariants the block is from this pool, and has these addresses. It is
        // freed once. No device accesses it: a transfer or an engine owns its memory until it has
        // ended, and a driver that gave the address away in another way has promised to keep it.
        unsafe {
            helpers::dma_pool_free(self.pool.pool.as_ptr(), self.cpu.as_ptr().cast(), self.addr)
        };
    }
}

// SAFETY: The block is mapped for both directions, for the pool's device, until its page is freed.
// That is not before `self` is dropped, which counts or borrows the pool. If it is forgotten, it is
// never: either it counts the pool, or C leaks the pages of a pool that is destroyed with a block
// in use. It was zeroed, and a `T` is valid whatever its bytes are. The CPU accesses it through a
// borrow, and so not while it is moved away.
unsafe impl<'bound, T, P> Memory for PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = Pool<'bound, T>>,
{
    type Direction = Bidirectional;

    #[inline]
    fn device(&self) -> &Device<Bound> {
        self.pool.dev
    }

    #[inline]
    fn segments(&self) -> AnySegments<'_> {
        self.range().into()
    }
}

#[kunit_tests(safe_dma_pool)]
mod tests {
    use super::*;
    use kernel::faux;

    fn align(align: usize) -> Alignment {
        // All tests use powers of two.
        Alignment::new_checked(align).unwrap_or(Alignment::new::<1>())
    }

    #[test]
    fn blocks() {
        // A free block has a pointer and an address in it.
        assert_eq!(block_size(1, align(1), None), Some(16));
        assert_eq!(block_size(16, align(8), None), Some(16));
        assert_eq!(block_size(17, align(1), None), Some(17));
        assert_eq!(block_size(17, align(8), None), Some(24));
        assert_eq!(block_size(24, align(64), None), Some(64));
        assert_eq!(block_size(1, align(PAGE_SIZE), None), Some(PAGE_SIZE));
        assert_eq!(block_size(PAGE_SIZE, align(1), None), Some(PAGE_SIZE));
    }

    #[test]
    fn blocks_refused() {
        assert_eq!(block_size(0, align(1), None), None);
        assert_eq!(block_size(PAGE_SIZE + 1, align(1), None), None);
        assert_eq!(block_size(1, align(2 * PAGE_SIZE), None), None);
        assert_eq!(block_size(PAGE_SIZE - 1, align(2 * PAGE_SIZE), None), None);
        assert_eq!(block_size(usize::MAX, align(1), None), None);
        assert_eq!(block_size(usize::MAX, align(64), None), None);
        // C has 32 bits for the size of a block, and would truncate this to 0.
        assert_eq!(block_size(1, align(1 << (usize::BITS - 1)), None), None);
        assert_eq!(block_size(64, align(1 << (usize::BITS - 1)), None), None);
    }

    #[test]
    fn boundaries() {
        assert_eq!(block_size(64, align(64), Some(align(64))), Some(64));
        assert_eq!(block_size(65, align(1), Some(align(64))), None);
        assert_eq!(block_size(60, align(128), Some(align(64))), None);
        assert_eq!(block_size(8, align(1), Some(align(8))), None);
        assert_eq!(block_size(8, align(1), Some(align(16))), Some(16));
        assert_eq!(block_size(100, align(4), Some(align(1 << 20))), Some(100));
    }

    /// A device that is not capable of DMA is refused, where C warns.
    #[test]
    fn device_without_dma() -> Result {
        let device = faux::Registration::new(c"safe_dma_no_pool", None)?;
        let faux: &faux::Device<Bound> = device.as_ref();

        let pool = Pool::<u64>::new(faux.as_ref(), c"none", align(8), None);
        assert!(pool.is_err_and(|error| error == EIO));
        Ok(())
    }
}
