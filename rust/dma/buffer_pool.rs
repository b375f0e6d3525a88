// SPDX-License-Identifier: GPL-2.0

//! Buffers that stay mapped and are reused.
//!
//! Mapping a buffer for each transfer is expensive behind an IOMMU: it changes the page table and
//! invalidates the TLB. A driver that fills or reads the same buffers again and again only syncs
//! them. The network's `page_pool` with `PP_FLAG_DMA_MAP` does the same.
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
//! Dropping either kind of buffer returns it to its pool.

mod list;

use self::list::{
    Checkout,
    SharedRef, //
};
use super::{
    alloc,
    AnySegments,
    Buffer,
    DeviceReads,
    Direction,
    ErrorWith,
    Mapping,
    Memory,
    Permits,
    Range, //
};
use core::{
    marker::PhantomData,
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
    page::PAGE_SIZE,
    prelude::*, //
};

/// A pool of buffers that are mapped once, in the direction `D`.
///
/// Taking and returning a buffer takes a lock and syncs what the CPU owns or owned. Both map
/// nothing, allocate nothing, and do not sleep, so that they work in an interrupt handler. The
/// exception is the drop of the last of a pool and its buffers, which may sleep.
///
/// A sync without effect is left out, as in C where `dma_need_sync()` returns `false`: for a
/// cache-coherent device and a buffer that is not bounced (`swiotlb`). The buffer that was returned
/// last is taken first, since it is the most likely to be in a cache.
///
/// A buffer can outlive the pool, for example in flight: the memory is unmapped and freed when the
/// pool and all its buffers have been dropped. If one of them is forgotten
/// ([`core::mem::forget`]), all of the memory leaks, still mapped. To share a pool between owners,
/// put it into an [`Arc`](kernel::sync::Arc).
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
///     time::Delta, //
/// };
/// use safe_dma::dma::{
///     BufferPool,
///     CpuBuffer,
///     Pages,
///     ToDevice,
///     Transfer,
///     Wait, //
/// };
///
/// type SendPool<'bound> = BufferPool<'bound, Pages, ToDevice>;
///
/// fn pool(dev: &Device<Bound>) -> Result<SendPool<'_>> {
///     BufferPool::new(dev, 16, ToDevice, || Ok(Pages::zeroed(0, GFP_KERNEL)?))
/// }
///
/// fn send<E: Wait>(
///     pool: &SendPool<'_>,
///     engine: E,
///     frame: &[u8],
///     command: E::Command,
/// ) -> Result {
///     let mut buffer = CpuBuffer::take(pool, frame.len())?;
///     buffer.copy_from_slice(frame);
///
///     let memory = buffer.sync_for_device();
///     Transfer::to_device(engine, memory, 0..frame.len(), command)?.wait(Delta::from_secs(1))?;
///     // Here the buffer is in the pool again, still mapped.
///     Ok(())
/// }
/// ```
pub struct BufferPool<'bound, B: Buffer, D: Direction> {
    // INVARIANT: The pool is one of the users.
    shared: SharedRef<'bound, B, D>,
    /// The number of buffers, taken or not.
    count: usize,
}

impl<'bound, B: Buffer, D: Permits<B::Target>> BufferPool<'bound, B, D> {
    /// Allocates `count` buffers with `alloc` and maps them. Sleeps.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] for no buffer;
    /// - [`ENOMEM`] if there is no memory, or `count` is more than the number of pages of RAM;
    /// - the errors of `alloc` and of [`Mapping::map`].
    ///
    /// Buffers that have been mapped are unmapped and dropped.
    pub fn new(
        dev: &'bound Device<Bound>,
        count: usize,
        direction: D,
        mut alloc: impl FnMut() -> Result<B>,
    ) -> Result<Self> {
        if count == 0 {
            return Err(EINVAL);
        }
        // Otherwise a number from safe code could use up all memory: a mapping takes a page of
        // addresses, an entry of the debugger, and a list entry, besides the buffer.
        if count > alloc::ram_size() / PAGE_SIZE {
            return Err(ENOMEM);
        }

        // INVARIANT: A new list has one user, which is the pool.
        let pool = Self {
            shared: SharedRef::new()?,
            count,
        };

        for _ in 0..count {
            pool.shared.add(Mapping::map(dev, alloc()?, direction)?)?;
        }
        Ok(pool)
    }
}

impl<B: Buffer, D: Direction> BufferPool<'_, B, D> {
    /// Returns how many buffers can be taken. Does not sleep.
    ///
    /// Others may take or return buffers at the same time. Takes the lock of the pool.
    pub fn available(&self) -> usize {
        // Besides the pool, each buffer that is taken is a user.
        self.count + 1 - self.shared.users()
    }
}

impl<B: Buffer, D: Direction> Drop for BufferPool<'_, B, D> {
    fn drop(&mut self) {
        // SAFETY: By the invariant the pool is a user, and does not use the memory again.
        unsafe { self.shared.release(None) };
    }
}

/// A buffer of a [`BufferPool`] that the CPU owns: the first of its elements.
///
/// All directions can be read. CPU writes reach the device only if `D: DeviceReads`. Dropping the
/// buffer syncs it for the device, and returns it to the pool. See [`BufferPool`] for the context.
pub struct CpuBuffer<'bound, B: Buffer, D: Direction> {
    // INVARIANT: The CPU owns the first `len` elements.
    checkout: Checkout<'bound, B, D>,
    len: usize,
    // It can be shared and sent as if it were the memory itself.
    _data: PhantomData<B::Target>,
}

impl<'bound, T, B: Buffer<Target = [T]>, D: Direction> CpuBuffer<'bound, B, D> {
    /// Takes a buffer, and gives its first `len` elements to the CPU. Does not sleep.
    ///
    /// Their values are those of the last use. The other elements are not synced.
    ///
    /// C: `dma_sync_single_range_for_cpu()`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    ///
    /// # Errors
    ///
    /// [`ENOBUFS`] if all buffers are taken; [`EINVAL`] if `len` is 0, or more than a buffer has.
    #[inline]
    pub fn take(pool: &BufferPool<'bound, B, D>, len: usize) -> Result<Self> {
        Ok(Self::new(Checkout::new(&pool.shared)?, len)?)
    }

    /// Gives the first `len` elements to the CPU; returns the buffer if `len` is 0 or too large.
    #[inline]
    fn new(
        mut checkout: Checkout<'bound, B, D>,
        len: usize,
    ) -> Result<Self, ErrorWith<Checkout<'bound, B, D>>> {
        if len == 0 || len > checkout.mapping().frame.data.len() {
            return Err(ErrorWith::new(EINVAL, checkout));
        }

        // SAFETY: The mapping has at least `len` elements, whose size is not 0, since no mapping is
        // empty. The product is at most the size of the memory, and does not overflow.
        unsafe { checkout.sync_for_cpu(len * size_of::<T>()) };

        // INVARIANT: Given to the CPU just now.
        Ok(Self {
            checkout,
            len,
            _data: PhantomData,
        })
    }

    /// Gives the elements to the device. Does not sleep.
    ///
    /// Only they can be transferred: the rest of the buffer has not been synced.
    ///
    /// C: `dma_sync_single_range_for_device()`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    #[inline]
    pub fn sync_for_device(mut self) -> DeviceBuffer<'bound, B, D> {
        let size = self.checkout.cpu_len();

        self.checkout.sync_for_device();
        // INVARIANT: The CPU owns nothing, and the size was that of a part of the mapping.
        DeviceBuffer {
            checkout: self.checkout,
            size,
        }
    }

    /// Returns a pointer to the elements.
    #[inline]
    fn data(&self) -> NonNull<[T]> {
        NonNull::slice_from_raw_parts(self.checkout.mapping().frame.data.cast(), self.len)
    }
}

impl<T, B: Buffer<Target = [T]>, D: Direction> Deref for CpuBuffer<'_, B, D> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: By the invariants the CPU owns these elements, to which there is no other
        // reference. What the device wrote is valid, since a mapping to which it can write exists
        // for such types alone.
        unsafe { self.data().as_ref() }
    }
}

impl<T, B: Buffer<Target = [T]>, D: DeviceReads> DerefMut for CpuBuffer<'_, B, D> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: By the invariants the CPU owns these elements. `self` is borrowed exclusively, so
        // that nothing else refers to them. They are valid, as for `deref()`.
        unsafe { self.data().as_mut() }
    }
}

/// A buffer of a [`BufferPool`] that the device owns: the memory of a transfer or of a command in
/// flight.
///
/// Dropping it returns it to the pool, without a sync. See [`BufferPool`] for the context.
///
/// # Invariants
///
/// The CPU owns nothing of the mapping, which has at least `size` bytes.
pub struct DeviceBuffer<'bound, B: Buffer, D: Direction> {
    checkout: Checkout<'bound, B, D>,
    size: usize,
}

impl<'bound, B: Buffer, D: Direction> DeviceBuffer<'bound, B, D> {
    /// Takes a buffer, all of which the device owns. Does not sleep.
    ///
    /// # Errors
    ///
    /// [`ENOBUFS`] if all buffers are taken.
    #[inline]
    pub fn take(pool: &BufferPool<'bound, B, D>) -> Result<Self> {
        let checkout = Checkout::new(&pool.shared)?;
        let size = checkout.mapping().range().len();

        // INVARIANT: The CPU owns nothing, and that is the size of the mapping.
        Ok(Self { checkout, size })
    }

    /// Returns the mapping.
    #[inline]
    pub fn mapping(&self) -> &Mapping<'bound, B, D> {
        self.checkout.mapping()
    }
}

impl<'bound, T, B: Buffer<Target = [T]>, D: Direction> DeviceBuffer<'bound, B, D> {
    /// Gives the first `len` elements to the CPU, and syncs only them. Does not sleep.
    ///
    /// C: `dma_sync_single_range_for_cpu()`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    ///
    /// # Errors
    ///
    /// The buffer comes back with [`EINVAL`] if `len` is 0, or more than it has.
    #[inline]
    pub fn sync_for_cpu(self, len: usize) -> Result<CpuBuffer<'bound, B, D>, ErrorWith<Self>> {
        let size = self.size;

        // INVARIANT: What comes back is as it was.
        CpuBuffer::new(self.checkout, len).map_err(|err| ErrorWith {
            error: err.error,
            value: Self {
                checkout: err.value,
                size,
            },
        })
    }
}

// SAFETY: The range is a part of a mapping that `self` owns. It stays mapped at least until `self`
// is dropped, and for ever if `self` is forgotten: a pool unmaps only what is in its list. The CPU
// owns none of it, and cannot access it without `self`. `D` permits the type of the memory, since
// there is no other way to make a mapping.
unsafe impl<B: Buffer, D: Direction> Memory for DeviceBuffer<'_, B, D> {
    type Direction = D;

    #[inline]
    fn device(&self) -> &Device<Bound> {
        self.checkout.mapping().device()
    }

    #[inline]
    fn segments(&self) -> AnySegments<'_> {
        let addr = self.checkout.mapping().range().address();

        // SAFETY: By the invariants, these bytes are of the mapping, which the range borrows; the
        // number is for that range.
        unsafe { Range::<'_, D>::new(addr.as_raw(), self.size) }.into()
    }
}

#[kunit_tests(safe_dma_buffer_pool)]
mod tests {
    use super::*;
    use crate::dma::ToDevice;
    use kernel::faux;

    #[test]
    fn refused() -> Result {
        let device = faux::Registration::new(c"safe_dma_no_buffers", None)?;
        let faux: &faux::Device<Bound> = device.as_ref();
        let make = || Ok(KBox::new([0u8; 64], GFP_KERNEL)?);
        let fail = || Err::<KBox<[u8; 64]>, _>(EXDEV);

        let none = BufferPool::new(faux.as_ref(), 0, ToDevice, make).err();
        assert!(none == Some(EINVAL));

        // A device that is not capable of DMA is refused, where C warns.
        let mapped = BufferPool::new(faux.as_ref(), 1, ToDevice, make).err();
        assert!(mapped == Some(EIO));

        // Errors of the function that allocates are passed on.
        let made = BufferPool::new(faux.as_ref(), 1, ToDevice, fail).err();
        assert!(made == Some(EXDEV));
        Ok(())
    }
}
