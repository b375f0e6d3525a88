// SPDX-License-Identifier: GPL-2.0

//! Small objects in coherent memory, such as descriptors: several of them in a page.
//!
//! For one object of a page or more there is [`kernel::dma::Coherent`], and for buffers that change
//! hands [`buffer_pool`](super::buffer_pool).
//!
//! C header: `include/linux/dmapool.h`.

use super::{
    direction::Bidirectional,
    limits,
    raw,
    span::Span,
    transfer::DeviceMemory, //
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
/// Each object keeps the pool, by counting ([`DmaPool::zalloc`]) or by borrowing it
/// ([`DmaPool::zalloc_borrowed`]): it is destroyed, and its pages are freed, when the last of both
/// has been dropped. That sleeps: not in atomic context. So no object can be left without its pool,
/// nor a pool be destroyed that is busy. If an object is forgotten ([`core::mem::forget`]), its
/// pool stays for ever, with all pages, as if it had been forgotten too; or, if it was borrowed, C
/// says that it is busy when it is destroyed, and leaves its pages to the device for ever.
///
/// What is not in use belongs to the allocator, which keeps its list of free objects in their own
/// memory, within the device's reach: a device that writes to an object after it was freed corrupts
/// that list, even behind an IOMMU.
///
/// C: `struct dma_pool`, `mm/dmapool.c`.
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
///     ptr::Alignment,
///     transmute::{
///         AsBytes,
///         FromBytes, //
///     }, //
/// };
/// use safe_dma::dma::pool::DmaPool;
///
/// #[repr(C)]
/// struct Descriptor {
///     addr: u64,
///     len: u32,
///     flags: u32,
/// }
///
/// // SAFETY: No padding, and none of the fields has.
/// unsafe impl AsBytes for Descriptor {}
/// // SAFETY: All fields are valid whatever their bytes are.
/// unsafe impl FromBytes for Descriptor {}
///
/// fn describe(dev: &Device<Bound>) -> Result {
///     // As the device wants them: at multiples of 64, and never across 4 KiB.
///     let (align, boundary) = (Alignment::new::<64>(), Alignment::new::<4096>());
///     let pool = DmaPool::<Descriptor>::new(dev, c"descriptors", align, Some(boundary))?;
///
///     let descriptor = DmaPool::zalloc(&pool, GFP_KERNEL)?;
///     io_write!(&descriptor, .len, 1500);
///     assert_eq!(io_read!(&descriptor, .flags), 0);
///     pr_info!("a descriptor of {} bytes\n", descriptor.span().len());
///     Ok(())
/// }
/// ```
///
/// # Invariants
///
/// `pool` is a pool of `dev` that was created for blocks of the size of `T`, each within one page
/// and aligned for `T`. It has not been destroyed.
pub struct DmaPool<'bound, T: AsBytes + FromBytes> {
    dev: &'bound Device<Bound>,
    pool: NonNull<helpers::dma_pool>,
    _objects: PhantomData<fn() -> T>,
}

// SAFETY: A pool has a lock of its own, and may be used and destroyed in any thread. It holds no
// `T`: who has one has a `PoolObject`.
unsafe impl<T: AsBytes + FromBytes> Send for DmaPool<'_, T> {}

// SAFETY: As above.
unsafe impl<T: AsBytes + FromBytes> Sync for DmaPool<'_, T> {}

/// What `dma_pool_create()` makes of a size, or [`None`] if it would refuse it or would need more
/// than a page for a block.
fn block_size(size: usize, align: Alignment, boundary: Option<Alignment>) -> Option<usize> {
    // What is kept in a free block, `struct dma_block`: a pointer and an address of the device.
    const LEAST: usize = size_of::<*mut ()>() + size_of::<DmaAddress>();

    if size == 0 {
        return None;
    }

    let block = size.max(LEAST).checked_add(align.as_usize() - 1)? & !(align.as_usize() - 1);
    let fits = block <= PAGE_SIZE && boundary.is_none_or(|boundary| block <= boundary.as_usize());

    fits.then_some(block)
}

impl<'bound, T: AsBytes + FromBytes> DmaPool<'bound, T> {
    /// Creates a pool without any memory in it yet.
    ///
    /// The device's address of each object will be a multiple of `align`, and of the alignment of
    /// `T` if that is more. No object will lie across an address that is a multiple of `boundary`.
    /// `name` is for the device's file `pools` in sysfs.
    ///
    /// Sleeps.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] for a `T` without bytes, for objects that, with their size rounded up to the
    ///   alignment, are larger than a page or than `boundary`. An object has 16 bytes at least.
    ///   A pool is for less than a page: [`kernel::dma::Coherent`] is as good for more;
    /// - [`EIO`] if the device has no coherent DMA at all;
    /// - [`ENOMEM`] if there is no memory.
    ///
    /// C: `dma_pool_create()`, `mm/dmapool.c`.
    pub fn new(
        dev: &'bound Device<Bound>,
        name: &CStr,
        align: Alignment,
        boundary: Option<Alignment>,
    ) -> Result<Arc<Self>> {
        let align = align.max(Alignment::of::<T>());
        block_size(size_of::<T>(), align, boundary).ok_or(EINVAL)?;

        if !raw::has_dma(dev) || limits::coherent_mask(dev) == 0 {
            return Err(EIO);
        }

        // SAFETY: `dev` is bound, and outlives the pool. `name` is a C string, which is copied. The
        // other numbers are what the function takes, by the check above.
        let pool = unsafe {
            helpers::dma_pool_create_node(
                name.as_char_ptr(),
                raw::device(dev),
                size_of::<T>(),
                align.as_usize(),
                boundary.map_or(0, Alignment::as_usize),
                bindings::NUMA_NO_NODE,
            )
        };

        // INVARIANT: Just created, with the size of a `T`. Blocks are in pages from
        // `dma_alloc_coherent()`, one page each, at offsets that are multiples of the alignment or
        // of the boundary, which is one.
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
    /// and [`__GFP_NOWARN`] count. May sleep, unless they say otherwise.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory.
    ///
    /// C: `dma_pool_zalloc()`, `include/linux/dmapool.h`.
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

    /// Allocates an object, all of whose bytes are zero, that borrows the pool.
    ///
    /// As [`DmaPool::zalloc`], without a count for each object: for who has the pool for longer than its
    /// objects anyway.
    ///
    /// C: `dma_pool_zalloc()`, `include/linux/dmapool.h`.
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

    /// Allocates a block, all of whose bytes are zero: its addresses.
    #[inline]
    fn block(&self, flags: Flags) -> Result<(NonNull<T>, DmaAddress)> {
        let flags = raw::gfp(raw::reclaim_flags(flags) | __GFP_ZERO);
        let mut addr: DmaAddress = 0;

        // SAFETY: By the invariants the pool exists. `addr` is written to if this succeeds.
        let cpu = unsafe { helpers::dma_pool_alloc(self.pool.as_ptr(), flags, &mut addr) };

        Ok((NonNull::new(cpu.cast()).ok_or(ENOMEM)?, addr))
    }

    /// The device whose pool it is.
    #[inline(always)]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.dev
    }
}

impl<T: AsBytes + FromBytes> Drop for DmaPool<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the invariants the pool exists; it is not used again. No object of it is in
        // use, as each keeps the pool, unless one that borrowed it was forgotten: then C frees no page.
        unsafe { helpers::dma_pool_destroy(self.pool.as_ptr()) };
    }
}

/// An object from a [`DmaPool`], which it keeps by `P`: an [`Arc`], or a reference.
///
/// The CPU reads and writes it as it does mainline's [`kernel::dma::Coherent`]: with
/// [`io_read!`](kernel::io::io_read), [`io_write!`](kernel::io::io_write) and the rest of
/// [`kernel::io::Io`] on `&object`, which access memory once and as written. There is never a
/// reference to a `T`, since a device that has been told the address of a descriptor may write
/// there at any time. What is handed over that way is ordered by
/// [`dma_mb()`](kernel::sync::barrier::dma_mb), or by the accessors of the registers; see
/// [`Engine`](super::transfer::Engine).
///
/// As the memory of a [`Transfer`](super::transfer::Transfer) it is out of the CPU's reach until
/// that is over.
///
/// Dropping it gives it back to the pool. Does not sleep, unless it is the last that keeps the
/// pool; a driver that drops objects in atomic context keeps the pool itself.
///
/// C: `dma_pool_free()`, `mm/dmapool.c`.
///
/// # Invariants
///
/// - `cpu` and `addr` are a block that was allocated from `pool`, and not freed. It was zeroed.
/// - `P` is an [`Arc`] or a reference, and so always leads to the same pool.
pub struct PoolObject<'bound, T, P = Arc<DmaPool<'bound, T>>>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = DmaPool<'bound, T>>,
{
    cpu: NonNull<T>,
    addr: DmaAddress,
    pool: P,
    _bound: PhantomData<&'bound Device<Bound>>,
}

// SAFETY: The block belongs to this value alone, and may be accessed and freed in any thread. What
// is sent is in effect a `T`.
unsafe impl<'bound, T, P> Send for PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes + Send,
    P: Deref<Target = DmaPool<'bound, T>> + Send,
{
}

// SAFETY: A shared reference gives volatile access to the memory of a `T`, as that to a `Coherent`.
unsafe impl<'bound, T, P> Sync for PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes + Sync,
    P: Deref<Target = DmaPool<'bound, T>> + Sync,
{
}

impl<'bound, T, P> PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = DmaPool<'bound, T>>,
{
    /// What the device is told of the object.
    #[inline(always)]
    pub fn span(&self) -> Span<'_, Bidirectional> {
        // SAFETY: By the invariants this block is as large as a `T` at least, and mapped for both
        // directions until it is freed; the span borrows it.
        unsafe { Span::new(self.addr, size_of::<T>()) }
    }

    /// The pool that the object is from.
    #[inline(always)]
    pub fn pool(&self) -> &P {
        &self.pool
    }

    /// Returns the address at which the CPU has the object.
    #[inline(always)]
    pub fn as_ptr(&self) -> *const T {
        self.cpu.as_ptr()
    }
}

impl<'a, 'bound, T, P> IoBase<'a> for &'a PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = DmaPool<'bound, T>>,
{
    type Backend = SysMemBackend;
    type Target = T;

    #[inline(always)]
    fn as_view(self) -> SysMem<'a, T> {
        // SAFETY: By the invariants, and those of the pool, there is memory for a `T`, and aligned
        // for it, until the object is dropped; it is borrowed for `'a`.
        unsafe { SysMem::new(self.cpu.as_ptr()) }
    }
}

impl<'bound, T, P> Drop for PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = DmaPool<'bound, T>>,
{
    fn drop(&mut self) {
        // SAFETY: By the invariants the block is from this pool, and has these addresses. It is
        // freed once; no device uses it, as a transfer has it until it is over, and who told a
        // device the address in another way has promised to keep it.
        unsafe {
            helpers::dma_pool_free(self.pool.pool.as_ptr(), self.cpu.as_ptr().cast(), self.addr)
        };
    }
}

// SAFETY: The block is mapped for both directions, for the pool's device, until it is freed, which
// only dropping `self` does, and its page does not go before that: `self` keeps the pool, for ever if it
// is forgotten, or, if it borrows it, C keeps the pages of a pool that is destroyed with a block in use.
// It was zeroed when it was allocated, and a `T` is valid whatever its bytes are. Its CPU side is reached
// through a borrow of `self`, and so not while that is moved away.
unsafe impl<'bound, T, P> DeviceMemory for PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = DmaPool<'bound, T>>,
{
    type Direction = Bidirectional;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.pool.dev
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, Bidirectional> {
        PoolObject::span(self)
    }
}

#[kunit_tests(safe_dma_pool)]
mod tests {
    use super::*;
    use kernel::faux;

    fn align(align: usize) -> Alignment {
        // All tests ask for powers of two.
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
        // C has 32 bits for the size of a block, and would cut this to nothing.
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

    /// A device that can do no DMA is refused, where C warns.
    #[test]
    fn device_without_dma() -> Result {
        let device = faux::Registration::new(c"safe_dma_no_pool", None)?;
        let faux: &faux::Device<Bound> = device.as_ref();

        let pool = DmaPool::<u64>::new(faux.as_ref(), c"none", align(8), None);
        assert!(pool.is_err_and(|error| error == EIO));
        Ok(())
    }
}
