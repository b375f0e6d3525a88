// SPDX-License-Identifier: GPL-2.0

//! Streaming mappings: a buffer is mapped for a device, and unmapped.

use super::{
    buffer::Buffer,
    cache_line,
    compat,
    contiguous::{
        private::AsContiguous,
        Contiguous, //
    },
    cpu_owned::{
        CpuAccess,
        CpuOwned, //
    },
    direction::{
        Direction,
        Permits, //
    },
    error::ErrorWith,
    range::Range, //
};
use crate::bindings as helpers;
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::{
        attrs::*,
        Attrs,
        DmaAddress, //
    },
    prelude::*,
    ptr::KnownSize, //
};

/// A buffer that a device owns: it is mapped, and no safe code can access its memory.
///
/// [`Mapping::sync_for_cpu`] and [`Mapping::into_cpu`] give the memory to the CPU while it stays
/// mapped, and [`Mapping::unmap`] returns the buffer. Dropping the mapping unmaps the buffer and
/// drops it. Forgetting it ([`core::mem::forget`]) leaks both, so that the DMA address remains that
/// of the same memory.
///
/// Drop mappings in the driver's `unbind` callback. Driver data is dropped after `dma_cleanup()` of
/// the bus: if root has given the IOMMU group another domain by then, the unmap hits that domain.
///
/// A mapping is unmapped with the size, direction and attributes with which it was made, and it
/// cannot outlive `'bound`, the time for which the driver is bound.
///
/// # Examples
///
/// ```
/// use kernel::{
///     device::{
///         Bound,
///         Device, //
///     },
///     prelude::*, //
/// };
/// use safe_dma::dma::{
///     Mapping,
///     ToDevice, //
/// };
///
/// fn hand_over(dev: &Device<Bound>) -> Result {
///     let frame = KVec::from_elem(0x5au8, 1500, GFP_KERNEL)?;
///
///     // `frame` is consumed: the device owns the memory.
///     let mapping = Mapping::map(dev, frame, ToDevice)?;
///     pr_info!("a frame of {} bytes\n", mapping.range().len());
///
///     let frame = mapping.unmap();
///     assert_eq!(frame[0], 0x5a);
///     Ok(())
/// }
/// ```
///
/// # Invariants
///
/// - `frame` is a streaming mapping, made with `attrs`, not unmapped yet.
/// - Its memory and `rest` are from [`Buffer::into_raw`], and were not passed to
///   [`Buffer::from_raw`].
pub struct Mapping<'bound, B: Buffer, D: Direction> {
    pub(super) frame: Contiguous<'bound, B::Target, D>,
    rest: B::Rest,
    attrs: Attrs,
    _buffer: PhantomData<B>,
}

// SAFETY: A mapping is a buffer in its raw form; the DMA API and the functions of `Buffer` may be
// called from any thread. Sending it sends the buffer, and its memory.
unsafe impl<B: Buffer<Target: Send> + Send, D: Direction> Send for Mapping<'_, B, D> {}

// SAFETY: A shared reference to a mapping returns addresses and a size, and does not access the
// memory.
unsafe impl<B: Buffer<Target: Send> + Send, D: Direction> Sync for Mapping<'_, B, D> {}

/// Returns whether `attrs` are valid for streaming mappings: none skips a sync or weakens ordering.
#[inline]
pub(super) fn are_for_streaming(attrs: Attrs) -> bool {
    (DMA_ATTR_NO_WARN | DMA_ATTR_PRIVILEGED).contains(attrs)
}

impl<'bound, B: Buffer, D: Direction> Mapping<'bound, B, D> {
    /// Maps `buffer` for `dev` and gives it to the device.
    ///
    /// The same as [`Mapping::map_with_attrs`] without attributes. Does not sleep.
    ///
    /// # Errors
    ///
    /// The buffer comes back with the error:
    ///
    /// - [`EINVAL`] for an empty buffer or an attribute that is not for streaming mappings;
    /// - [`EINVAL`] for a small [`KVec`] with fewer elements than were allocated, whose memory
    ///   shares a cache line with other memory, if the device writes to it and is not
    ///   [cache-coherent](super::limits::is_coherent). Map [`Pages`](super::Pages), or a vector
    ///   that was allocated with the length that is mapped;
    /// - [`EIO`] if the device can do no DMA at all;
    /// - [`ENOMEM`] if the mapping failed. The kernel warns, once, if the device cannot drive the
    ///   address, no IOMMU translates, and there are no bounce buffers (`swiotlb=noforce`).
    #[inline]
    pub fn map(dev: &'bound Device<Bound>, buffer: B, direction: D) -> Result<Self, ErrorWith<B>>
    where
        D: Permits<B::Target>,
    {
        Self::map_with_attrs(dev, buffer, direction, compat::no_attrs())
    }

    /// Maps `buffer` for `dev`, with attributes, and gives it to the device.
    ///
    /// A streaming mapping may have `DMA_ATTR_NO_WARN` and `DMA_ATTR_PRIVILEGED`.
    /// `DMA_ATTR_SKIP_CPU_SYNC` is refused: for a device that is not cache-coherent, the CPU could
    /// read stale cache lines in the buffer that comes back. So is `DMA_ATTR_WEAK_ORDERING`, with
    /// which the end of a transfer may be visible before its last bytes. The others are for
    /// allocations, or for memory that is not RAM.
    ///
    /// Does not sleep.
    ///
    /// Calls `dma_map_phys()`, as both C functions do for RAM.
    ///
    /// C: `dma_map_single_attrs()`, for [`Pages`](super::Pages) `dma_map_page_attrs()`, and
    /// `dma_mapping_error()`; [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    ///
    /// # Errors
    ///
    /// The buffer comes back with the error, as from [`Mapping::map`].
    #[inline]
    pub fn map_with_attrs(
        dev: &'bound Device<Bound>,
        buffer: B,
        _direction: D,
        attrs: Attrs,
    ) -> Result<Self, ErrorWith<B>>
    where
        D: Permits<B::Target>,
    {
        if !are_for_streaming(attrs) {
            return Err(ErrorWith::new(EINVAL, buffer));
        }

        let (data, rest) = buffer.into_raw();

        // SAFETY: They are from `into_raw()`, and not passed to `from_raw()` if they are mapped.
        let mapped = unsafe { map_raw::<B, D>(dev, data, rest, attrs) };

        match mapped {
            // INVARIANT: `map_raw()` has mapped the memory just now, with `attrs`.
            Ok(addr) => Ok(Self {
                // SAFETY: `map_raw()` has mapped all of the memory for `dev` and `D`, and refuses a
                // size of zero. It is initialized, as `D` permits its type, and by the contract of
                // `Buffer` and that bound it is valid whatever a device writes that may.
                frame: unsafe { Contiguous::new(dev, data, addr) },
                rest,
                attrs,
                _buffer: PhantomData,
            }),
            Err(error) => Err(ErrorWith {
                error,
                // SAFETY: They are from `into_raw()` above. The memory was not mapped, so that no
                // device has seen it and its content is what it was.
                value: unsafe { B::from_raw(data, rest) },
            }),
        }
    }

    /// Returns the DMA range of the buffer.
    #[inline]
    pub fn range(&self) -> Range<'_, D> {
        self.frame.range()
    }

    /// Returns the device for which the buffer is mapped.
    #[inline]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.frame.dev
    }

    /// Returns whether syncing this mapping has any effect.
    ///
    /// Where it has none, [`Mapping::sync_for_cpu`] costs a test. With the DMA debugger, which
    /// tracks every sync, it is always `true`.
    ///
    /// C: `dma_need_sync()`, [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    #[inline]
    pub fn needs_sync(&self) -> bool {
        // SAFETY: By the invariants, this is the address of a mapping for this device.
        unsafe { helpers::helper_dma_need_sync(compat::device(self.frame.dev), self.frame.addr) }
    }

    /// Returns the address of the buffer for the CPU.
    ///
    /// The device owns the memory: a read through the pointer is a data race with the device.
    #[inline]
    pub fn as_ptr(&self) -> *const B::Target {
        self.frame.data.as_ptr()
    }

    /// Unmaps the buffer and gives it back to the CPU.
    ///
    /// Device writes are visible to the CPU when this returns. The device is not using the buffer:
    /// while it does, a [`Transfer`](super::Transfer) owns the mapping.
    ///
    /// Does not sleep.
    ///
    /// Calls `dma_unmap_phys()`, as both C functions do for RAM.
    ///
    /// C: `dma_unmap_single_attrs()`, for [`Pages`](super::Pages) `dma_unmap_page_attrs()`;
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    #[inline]
    pub fn unmap(self) -> B {
        let this = ManuallyDrop::new(self);

        // SAFETY: `this` is not dropped and not used again.
        unsafe { this.unmap_raw(this.attrs) }
    }

    /// Gives the memory to the CPU, with the mapping.
    ///
    /// Device writes are visible to the CPU when this returns. Does not sleep.
    ///
    /// C: `dma_sync_single_for_cpu()`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    #[inline]
    pub fn into_cpu(self) -> CpuOwned<Self> {
        CpuOwned::new(self)
    }

    /// Gives the memory to the CPU until the guard is dropped.
    ///
    /// Device writes are visible to the CPU when this returns, and CPU writes to the device when
    /// the guard is dropped.
    ///
    /// Does not sleep.
    ///
    /// C: `dma_sync_single_for_cpu()` here and `dma_sync_single_for_device()` in the guard's drop;
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    #[inline]
    pub fn sync_for_cpu(&mut self) -> CpuAccess<'_, Self> {
        CpuAccess::whole(self)
    }

    /// Unmaps the buffer and returns it.
    ///
    /// # Safety
    ///
    /// - `self` must not be used again, nor dropped.
    /// - `attrs` are those of the mapping, and `DMA_ATTR_SKIP_CPU_SYNC` besides if the CPU owns the
    ///   memory.
    #[inline]
    unsafe fn unmap_raw(&self, attrs: Attrs) -> B {
        // SAFETY: By the invariants this mapping exists, and was made with these parameters. It is
        // unmapped once, as the caller does not use `self` again.
        unsafe {
            bindings::dma_unmap_phys(
                compat::device(self.frame.dev),
                self.frame.addr,
                self.frame.size(),
                D::DIRECTION.into(),
                compat::attrs(attrs),
            )
        };

        // SAFETY: By the invariants, they were not passed to `from_raw()` before. No device uses
        // the memory: a transfer would own the mapping. By the invariants of `Contiguous` it is
        // valid.
        unsafe { B::from_raw(self.frame.data, self.rest) }
    }
}

impl<T, B: Buffer<Target = [T]>, D: Direction> Mapping<'_, B, D> {
    /// Gives the elements of `range` to the CPU until the guard is dropped.
    ///
    /// Only these are synced; otherwise as [`Mapping::sync_for_cpu`].
    ///
    /// C: `dma_sync_single_range_for_cpu()` here and `dma_sync_single_range_for_device()` in the
    /// guard's drop; [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `range` is empty or not within the buffer.
    #[inline]
    pub fn sync_range_for_cpu(&mut self, range: ops::Range<usize>) -> Result<CpuAccess<'_, Self>> {
        CpuAccess::of_range(self, range)
    }
}

impl<B: Buffer, D: Direction> CpuOwned<Mapping<'_, B, D>> {
    /// Unmaps the buffer without a sync.
    ///
    /// The CPU owns the memory already. [`Mapping::unmap`] would sync it again, which undoes the
    /// writes of the CPU to `Bidirectional` memory that has a bounce buffer. Does not sleep.
    ///
    /// C: `dma_unmap_single_attrs()` with `DMA_ATTR_SKIP_CPU_SYNC`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    #[inline]
    pub fn unmap(self) -> B {
        let this = ManuallyDrop::new(self.memory);

        // SAFETY: `this` is not dropped and not used again. By the invariants of `CpuOwned`, the
        // CPU owns the memory.
        unsafe { this.unmap_raw(this.attrs | DMA_ATTR_SKIP_CPU_SYNC) }
    }
}

impl<B: Buffer, D: Direction> Drop for Mapping<'_, B, D> {
    fn drop(&mut self) {
        // SAFETY: `self` is being dropped; it is not used again.
        drop(unsafe { self.unmap_raw(self.attrs) });
    }
}

// SAFETY: The frame is a field. By the contract of `Buffer` its memory is reached through `self`
// only, and `self` unmaps it when it is dropped or consumed.
unsafe impl<B: Buffer, D: Direction> AsContiguous for Mapping<'_, B, D> {
    type Data = B::Target;
    type Direction = D;

    #[inline]
    fn frame(&self) -> &Contiguous<'_, B::Target, D> {
        &self.frame
    }
}

/// Maps the memory of a buffer for the device to use in the direction `D`.
///
/// # Safety
///
/// `data` and `rest` are from [`Buffer::into_raw`], and are not passed to [`Buffer::from_raw`]
/// while the memory is mapped.
#[inline]
unsafe fn map_raw<B: Buffer, D: Direction>(
    dev: &Device<Bound>,
    data: NonNull<B::Target>,
    rest: B::Rest,
    attrs: Attrs,
) -> Result<DmaAddress> {
    let size = B::Target::size(data.as_ptr());
    if size == 0 {
        return Err(EINVAL);
    }

    if const { B::MAY_SHARE_CACHELINE && D::DEVICE_WRITES }
        && cache_line::shares_line::<D>(dev, data.addr().get(), size)
    {
        return Err(EINVAL);
    }

    if !compat::is_dma_capable(dev) {
        return Err(EIO);
    }

    let direction = D::DIRECTION.into();
    let attrs = compat::attrs(attrs);

    // SAFETY: `dev` is bound. By the contract of `Buffer` these `size` bytes of memory are
    // physically contiguous, and neither freed nor touched until `from_raw()`, which the caller
    // does not call before. `data` and `rest` are from `into_raw()`, and the number is for the
    // mapping.
    let addr = unsafe {
        let phys = B::phys(data, rest);

        bindings::dma_map_phys(compat::device(dev), phys, size, direction, attrs)
    };

    // SAFETY: `addr` is what a mapping function just returned for `dev`.
    unsafe { compat::mapping_error(dev, addr)? };

    Ok(addr)
}

mod tests;
