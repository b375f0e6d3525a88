// SPDX-License-Identifier: GPL-2.0

//! Buffers that stay mapped, and only change hands.
//!
//! To map and unmap a buffer for each transfer is dear: an IOMMU's page table is changed, and its
//! TLB invalidated. Where a driver can fill or read the same buffers again and again, all there is
//! to do is to sync them. This is what the network's `page_pool` does with `PP_FLAG_DMA_MAP`.
//!
//! ```text
//!              CpuBuffer::take              sync_for_device
//!   BufferPool ----------------> CpuBuffer -----------------> DeviceBuffer ----> Transfer
//!       |                           CPU    <-----------------    device    <----
//!       |                                    sync_for_cpu           ^
//!       +-----------------------------------------------------------+
//!                            DeviceBuffer::take
//! ```
//!
//! Dropping either kind of buffer puts it back into its pool.

use self::private::{
    Pool as _,
    Slot, //
};
use super::{
    buffer::Buffer,
    direction::{
        DeviceReads,
        Direction,
        Permits, //
    },
    raw,
    sealed::Sealed,
    span::Span,
    streaming::Mapping,
    transfer::DeviceMemory, //
};
use crate::bindings as helpers;
use core::{
    cell::Cell,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{
        Deref,
        DerefMut, //
    },
    ptr::NonNull, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    new_spinlock_irq,
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        Arc,
        SpinLockIrq, //
    }, //
};

/// Buffers that are mapped once, in the direction `D`, and taken and given back ever after.
///
/// To take a buffer, and to give it back, maps nothing, allocates nothing and does not sleep: a
/// lock is taken, and what the CPU has or had is synced. Both may be done in an interrupt's
/// handler, unless that drops the last handle of the pool, and dropping a buffer may sleep. Where
/// all is done by one thread, [`LocalBufferPool`] needs no lock.
///
/// A sync that would do nothing is not called, as `dma_need_sync()` and the sync functions
/// themselves have it: for a device that is cache-coherent, and a buffer that is not copied
/// (`swiotlb`). Not even where the DMA debugger could look at it: it has nothing to complain of
/// here.
///
/// What was given back last is taken first: it is the most likely to be in a cache.
///
/// A buffer that was taken has a handle of the pool: a reference or an [`Arc`]. Each buffer is
/// mapped by itself: one that is forgotten ([`core::mem::forget`]) is one less in the pool, and
/// leaks. Dropping the pool unmaps what is in it, and frees that.
///
/// # Examples
///
/// ```
/// use kernel::{
///     device::{
///         Bound,
///         Device, //
///     },
///     prelude::*,
///     sync::Arc, //
/// };
/// use safe_dma::dma::{
///     buffer::Pages,
///     buffer_pool::{
///         BufferPool,
///         CpuBuffer, //
///     },
///     direction::ToDevice,
///     transfer::{
///         Engine,
///         Transfer, //
///     }, //
/// };
///
/// type SendPool<'bound> = BufferPool<'bound, Pages, ToDevice>;
///
/// fn pool(dev: &Device<Bound>) -> Result<Arc<SendPool<'_>>> {
///     BufferPool::new(dev, 16, ToDevice, || Ok(Pages::zeroed(0, GFP_KERNEL)?))
/// }
///
/// fn send<E: Engine>(pool: &Arc<SendPool<'_>>, engine: &E, frame: &[u8], job: E::Job) -> Result {
///     let mut buffer = CpuBuffer::take(pool.clone(), frame.len())?;
///     buffer.copy_from_slice(frame);
///
///     let memory = buffer.sync_for_device();
///     Transfer::read(engine, memory, 0..frame.len(), job)?.wait(1000)?;
///     // Here the buffer is in the pool again, still mapped.
///     Ok(())
/// }
/// ```
#[pin_data]
pub struct BufferPool<'bound, B: Buffer, D: Direction> {
    #[pin]
    free: SpinLockIrq<Counted<'bound, B, D>>,
}

impl<'bound, B: Buffer, D: Direction + Permits<B::Target>> BufferPool<'bound, B, D> {
    /// Maps `count` buffers, each from `make`. Sleeps.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for no buffer, [`ENOMEM`] if there is no memory or `count` is more than the
    /// machine has pages, what `make` says, and what [`MapError`](super::streaming::MapError) has.
    /// How much memory the buffers take, and how hard it is asked for, is for `make`. What has been
    /// mapped is unmapped and dropped.
    pub fn new(
        dev: &'bound Device<Bound>,
        count: usize,
        direction: D,
        make: impl FnMut() -> Result<B>,
    ) -> Result<Arc<Self>>
    where
        D: Copy,
    {
        let free = Counted {
            list: FreeList::new(dev, count, direction, make)?,
            len: count,
        };

        Arc::pin_init(
            pin_init!(Self {
                free <- new_spinlock_irq!(free, "BufferPool::free"),
            }),
            GFP_KERNEL,
        )
    }
}

impl<B: Buffer, D: Direction> BufferPool<'_, B, D> {
    /// How many buffers can be taken just now. For tests and statistics: others may take them.
    pub fn available(&self) -> usize {
        self.free.lock().len
    }
}

impl<'bound, B: Buffer, D: Direction> private::Pool<'bound, B, D> for BufferPool<'bound, B, D> {
    #[inline]
    fn take(&self, _: Sealed) -> Option<KBox<Slot<'bound, B, D>>> {
        let mut free = self.free.lock();
        let slot = free.list.pop()?;

        free.len -= 1;
        Some(slot)
    }

    #[inline]
    fn put(&self, slot: KBox<Slot<'bound, B, D>>, _: Sealed) {
        let mut free = self.free.lock();

        free.list.push(slot);
        free.len += 1;
    }
}

/// A [`BufferPool`] without a lock, for one thread at a time.
///
/// It can be moved to another thread, but not shared: all that was taken has to be back for that,
/// or to go with it. To take a buffer and to give it back costs some dozen instructions.
pub struct LocalBufferPool<'bound, B: Buffer, D: Direction> {
    free: FreeList<'bound, B, D>,
}

impl<'bound, B: Buffer, D: Direction + Permits<B::Target>> LocalBufferPool<'bound, B, D> {
    /// Maps `count` buffers, each from `make`. Sleeps.
    ///
    /// Errors are those of [`BufferPool::new`].
    pub fn new(
        dev: &'bound Device<Bound>,
        count: usize,
        direction: D,
        make: impl FnMut() -> Result<B>,
    ) -> Result<Self>
    where
        D: Copy,
    {
        Ok(Self {
            free: FreeList::new(dev, count, direction, make)?,
        })
    }
}

impl<'bound, B: Buffer, D: Direction> private::Pool<'bound, B, D>
    for LocalBufferPool<'bound, B, D>
{
    #[inline]
    fn take(&self, _: Sealed) -> Option<KBox<Slot<'bound, B, D>>> {
        self.free.pop()
    }

    #[inline]
    fn put(&self, slot: KBox<Slot<'bound, B, D>>, _: Sealed) {
        self.free.push(slot);
    }
}

/// A pool of buffers that stay mapped: [`BufferPool`] or [`LocalBufferPool`].
pub trait Pool<'bound, B: Buffer, D: Direction>: private::Pool<'bound, B, D> {}

impl<'bound, B: Buffer, D: Direction, P: private::Pool<'bound, B, D>> Pool<'bound, B, D> for P {}

mod private {
    use super::{
        Arc,
        Buffer,
        Direction,
        KBox,
        Mapping,
        Sealed, //
    };

    /// A mapping in a pool. In a box, so that to take it is to move a pointer.
    ///
    /// # Invariants
    ///
    /// While it is in a pool it is the device's: what the CPU did to it has been synced, if that is
    /// needed. `needs_sync` was seen when it was mapped.
    pub struct Slot<'bound, B: Buffer, D: Direction> {
        pub(super) mapping: Mapping<'bound, B, D>,
        pub(super) needs_sync: bool,
        /// The next one in the pool.
        pub(super) next: Option<KBox<Self>>,
    }

    /// How a pool gives out mappings and gets them back.
    pub trait Pool<'bound, B: Buffer, D: Direction> {
        /// A mapping, if there is one.
        fn take(&self, _: Sealed) -> Option<KBox<Slot<'bound, B, D>>>;

        /// Puts a mapping back.
        fn put(&self, slot: KBox<Slot<'bound, B, D>>, _: Sealed);
    }

    /// A pointer that always leads to the same pool, so that a mapping returns to where it is from.
    pub trait Handle {}

    impl<P> Handle for &P {}
    impl<P> Handle for Arc<P> {}
}

/// What is in a pool, and how many they are.
struct Counted<'bound, B: Buffer, D: Direction> {
    list: FreeList<'bound, B, D>,
    len: usize,
}

/// What is in a pool; the last that came is the first.
struct FreeList<'bound, B: Buffer, D: Direction> {
    first: Cell<Option<KBox<Slot<'bound, B, D>>>>,
}

impl<'bound, B: Buffer, D: Direction> FreeList<'bound, B, D> {
    /// Maps buffers for a pool.
    fn new(
        dev: &'bound Device<Bound>,
        count: usize,
        direction: D,
        mut make: impl FnMut() -> Result<B>,
    ) -> Result<Self>
    where
        D: Permits<B::Target> + Copy,
    {
        let list = Self {
            first: Cell::new(None),
        };

        if count == 0 {
            return Err(EINVAL);
        }
        // So that no number makes this go on until all memory is used up: a mapping takes a page of
        // addresses, an entry of the debugger, and a slot, besides the buffer.
        if count > raw::ram_size() / PAGE_SIZE {
            return Err(ENOMEM);
        }
        for _ in 0..count {
            let mapping = Mapping::map(dev, make()?, direction)?;

            // SAFETY: `dev` is a valid device. It is marked before a mapping that goes through a
            // bounce buffer is made.
            let needs_sync = unsafe { !helpers::helper_dev_dma_skip_sync(raw::device(dev)) };

            // INVARIANT: The CPU has not had it since it was mapped.
            let slot = Slot {
                mapping,
                needs_sync,
                next: None,
            };
            list.push(KBox::new(slot, GFP_KERNEL)?);
        }

        Ok(list)
    }

    #[inline]
    fn pop(&self) -> Option<KBox<Slot<'bound, B, D>>> {
        let mut slot = self.first.take()?;

        self.first.set(slot.next.take());
        Some(slot)
    }

    #[inline]
    fn push(&self, mut slot: KBox<Slot<'bound, B, D>>) {
        slot.next = self.first.take();
        self.first.set(Some(slot));
    }
}

impl<B: Buffer, D: Direction> Drop for FreeList<'_, B, D> {
    fn drop(&mut self) {
        // One by one: the stack has no room for a drop within a drop for each.
        while self.pop().is_some() {}
    }
}

/// A mapping out of a pool, to which it returns.
///
/// # Invariants
///
/// The first `lent` bytes of the mapping are the CPU's, and within the mapping.
struct Taken<'bound, B, D, P>
where
    B: Buffer,
    D: Direction,
    P: Deref<Target: Pool<'bound, B, D>>,
{
    slot: ManuallyDrop<KBox<Slot<'bound, B, D>>>,
    lent: usize,
    pool: P,
}

impl<'bound, B, D, P> Taken<'bound, B, D, P>
where
    B: Buffer,
    D: Direction,
    P: Deref<Target: Pool<'bound, B, D>>,
{
    /// Takes a mapping.
    #[inline]
    fn new(pool: P) -> Result<Self> {
        let slot = pool.take(Sealed(())).ok_or(ENOBUFS)?;

        // INVARIANT: By those of a slot, nothing is the CPU's.
        Ok(Self {
            slot: ManuallyDrop::new(slot),
            lent: 0,
            pool,
        })
    }

    /// Gives the first `len` bytes to the CPU, which has nothing yet.
    ///
    /// # Safety
    ///
    /// `len` is not 0, and not more than the mapping has.
    #[inline]
    unsafe fn lend(&mut self, len: usize) {
        if self.slot.needs_sync {
            // SAFETY: By the caller's promise.
            unsafe { self.slot.mapping.sync_first_for_cpu(len) };
        }

        // INVARIANT: Just synced, if that is needed.
        self.lent = len;
    }

    /// Gives to the device what the CPU has.
    #[inline]
    fn give(&mut self) {
        // INVARIANT: Nothing is the CPU's from here on.
        let lent = core::mem::replace(&mut self.lent, 0);

        if lent != 0 && self.slot.needs_sync {
            // SAFETY: By the invariants, these are bytes of the mapping.
            unsafe { self.slot.mapping.sync_first_for_device(lent) };
        }
    }
}

impl<'bound, B, D, P> Drop for Taken<'bound, B, D, P>
where
    B: Buffer,
    D: Direction,
    P: Deref<Target: Pool<'bound, B, D>>,
{
    #[inline]
    fn drop(&mut self) {
        self.give();

        // SAFETY: `self` is not used again.
        let slot = unsafe { ManuallyDrop::take(&mut self.slot) };

        // INVARIANT: Given to the device above.
        self.pool.put(slot, Sealed(()));
    }
}

/// A buffer of a [`BufferPool`] in the hands of the CPU: the first of its elements.
///
/// All directions can be read; what the CPU writes goes somewhere only if the device reads it.
/// Dropping it syncs it for the device, and puts it back into the pool.
pub struct CpuBuffer<'bound, B, D, P = Arc<BufferPool<'bound, B, D>>>
where
    B: Buffer,
    D: Direction,
    P: Deref<Target: Pool<'bound, B, D>>,
{
    // INVARIANT: All of the first `len` elements are the CPU's.
    taken: Taken<'bound, B, D, P>,
    len: usize,
    // What can be shared and sent is as if this were the memory itself.
    _data: PhantomData<B::Target>,
}

impl<'bound, T, B, D, P> CpuBuffer<'bound, B, D, P>
where
    B: Buffer<Target = [T]>,
    D: Direction,
    P: Deref<Target: Pool<'bound, B, D>>,
{
    /// Takes a buffer, and gives its first `len` elements to the CPU.
    ///
    /// What is in them is what was there last. Only they are synced. Does not sleep.
    ///
    /// # Errors
    ///
    /// [`ENOBUFS`] if all buffers are taken; [`EINVAL`] if `len` is 0, or more than there are.
    ///
    /// C: `dma_sync_single_range_for_cpu()`, `include/linux/dma-mapping.h`.
    #[inline]
    pub fn take(pool: P, len: usize) -> Result<Self>
    where
        P: private::Handle,
    {
        Self::new(Taken::new(pool)?, len).map_err(|_| EINVAL)
    }

    /// Gives the first `len` elements to the CPU; returns the buffer if there are none or not so
    /// many.
    #[inline]
    fn new(mut taken: Taken<'bound, B, D, P>, len: usize) -> Result<Self, Taken<'bound, B, D, P>> {
        if len == 0 || len > taken.slot.mapping.target().len() {
            return Err(taken);
        }

        // SAFETY: There are so many elements, and their size is not 0, as that of no mapping is.
        // The product is not more than the size of the memory, and cannot overflow.
        unsafe { taken.lend(len * size_of::<T>()) };

        // INVARIANT: Lent just now.
        Ok(Self {
            taken,
            len,
            _data: PhantomData,
        })
    }

    /// Gives the elements to the device.
    ///
    /// They are what is transferred: the rest of the buffer has not been synced. Does not sleep.
    ///
    /// C: `dma_sync_single_range_for_device()`, `include/linux/dma-mapping.h`.
    #[inline]
    pub fn sync_for_device(mut self) -> DeviceBuffer<'bound, B, D, P> {
        let size = self.taken.lent;

        self.taken.give();
        // INVARIANT: Nothing is the CPU's, and the size was that of a part of the mapping.
        DeviceBuffer {
            taken: self.taken,
            size,
        }
    }

    /// The elements, without a reference to them.
    #[inline(always)]
    fn data(&self) -> NonNull<[T]> {
        NonNull::slice_from_raw_parts(self.taken.slot.mapping.target().cast(), self.len)
    }
}

impl<'bound, T, B, D, P> Deref for CpuBuffer<'bound, B, D, P>
where
    B: Buffer<Target = [T]>,
    D: Direction,
    P: Deref<Target: Pool<'bound, B, D>>,
{
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: By the invariants, these elements are the CPU's, and nobody else refers to them.
        // What the device wrote is valid, since a mapping in which it can write exists for such
        // types alone.
        unsafe { self.data().as_ref() }
    }
}

impl<'bound, T, B, D, P> DerefMut for CpuBuffer<'bound, B, D, P>
where
    B: Buffer<Target = [T]>,
    D: DeviceReads,
    P: Deref<Target: Pool<'bound, B, D>>,
{
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: As for `deref()`; `self` is borrowed exclusively.
        unsafe { self.data().as_mut() }
    }
}

/// A buffer of a [`BufferPool`] that is the device's, and idle: the memory of a
/// [`Transfer`](super::transfer::Transfer).
///
/// Dropping it puts it back into the pool; there is nothing to sync.
///
/// # Invariants
///
/// Nothing of the mapping is the CPU's. It has `size` bytes at least.
pub struct DeviceBuffer<'bound, B, D, P = Arc<BufferPool<'bound, B, D>>>
where
    B: Buffer,
    D: Direction,
    P: Deref<Target: Pool<'bound, B, D>>,
{
    taken: Taken<'bound, B, D, P>,
    size: usize,
}

impl<'bound, B, D, P> DeviceBuffer<'bound, B, D, P>
where
    B: Buffer,
    D: Direction,
    P: Deref<Target: Pool<'bound, B, D>>,
{
    /// Takes a buffer as it is, with all of its memory, for the device to write to. Does not sleep.
    ///
    /// # Errors
    ///
    /// [`ENOBUFS`] if all buffers are taken.
    #[inline]
    pub fn take(pool: P) -> Result<Self>
    where
        P: private::Handle,
    {
        let taken = Taken::new(pool)?;
        let size = taken.slot.mapping.span().len();

        // INVARIANT: Nothing is lent, and that is the size of all.
        Ok(Self { taken, size })
    }

    /// The mapping, to look at.
    #[inline(always)]
    pub fn mapping(&self) -> &Mapping<'bound, B, D> {
        &self.taken.slot.mapping
    }
}

impl<'bound, T, B, D, P> DeviceBuffer<'bound, B, D, P>
where
    B: Buffer<Target = [T]>,
    D: Direction,
    P: Deref<Target: Pool<'bound, B, D>>,
{
    /// Gives the first `len` elements to the CPU, such as those that a device says to have written.
    ///
    /// Only they are synced. Does not sleep.
    ///
    /// # Errors
    ///
    /// Returns the buffer if `len` is 0, or more than it has.
    ///
    /// C: `dma_sync_single_range_for_cpu()`, `include/linux/dma-mapping.h`.
    #[inline]
    pub fn sync_for_cpu(self, len: usize) -> Result<CpuBuffer<'bound, B, D, P>, Self> {
        let size = self.size;

        // INVARIANT: What comes back is as it was.
        CpuBuffer::new(self.taken, len).map_err(|taken| Self { taken, size })
    }
}

// SAFETY: The span is a part of a mapping that `self` owns: it is mapped until `self` is dropped,
// which hands it to the pool or unmaps it, and for ever if `self` is forgotten; the pool ends no
// mapping that is not in it. No CPU access to it is possible while `self` is not at hand, and none
// is lent. `D` permits what is in the memory, by the only way to make a mapping.
unsafe impl<'bound, B, D, P> DeviceMemory for DeviceBuffer<'bound, B, D, P>
where
    B: Buffer,
    D: Direction,
    P: Deref<Target: Pool<'bound, B, D>>,
{
    type Direction = D;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.taken.slot.mapping.device()
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, D> {
        let addr = self.taken.slot.mapping.span().address();

        // SAFETY: By the invariants, these bytes are of the mapping, which the span borrows; the
        // number is for that span.
        unsafe { Span::new(addr.as_raw(), self.size) }
    }
}

#[kunit_tests(safe_dma_buffer_pool)]
mod tests {
    use super::*;
    use crate::dma::direction::ToDevice;
    use kernel::faux;

    #[test]
    fn refused() -> Result {
        let device = faux::Registration::new(c"safe_dma_no_buffers", None)?;
        let faux: &faux::Device<Bound> = device.as_ref();
        let make = || Ok(KBox::new([0u8; 64], GFP_KERNEL)?);
        let fail = || Err::<KBox<[u8; 64]>, _>(EXDEV);

        // There is nothing to be had from a pool without buffers.
        let none = BufferPool::new(faux.as_ref(), 0, ToDevice, make).err();
        assert!(none == Some(EINVAL));
        let none = LocalBufferPool::new(faux.as_ref(), 0, ToDevice, make).err();
        assert!(none == Some(EINVAL));

        // A device that can do no DMA is refused, where C warns.
        let mapped = BufferPool::new(faux.as_ref(), 1, ToDevice, make).err();
        assert!(mapped == Some(EIO));

        // What the maker of the buffers says comes through.
        let made = BufferPool::new(faux.as_ref(), 1, ToDevice, fail).err();
        assert!(made == Some(EXDEV));
        Ok(())
    }
}
