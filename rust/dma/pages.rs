// SPDX-License-Identifier: GPL-2.0

//! Memory that a device owns from birth: it is allocated for a device, and mapped for it until it is
//! freed.
//!
//! | type | in memory | for the device | C |
//! | --- | --- | --- | --- |
//! | [`DevicePages`] | contiguous | one span | `dma_alloc_pages()`, `dma_alloc_noncoherent()` |
//! | [`NoncontiguousPages`] | pages from anywhere | one span | `dma_alloc_noncontiguous()` |
//!
//! Unlike coherent memory, it is cached as any other: the CPU and the device take turns, as with a
//! [`Mapping`](super::streaming::Mapping). Unlike the buffer of a mapping, it is where the device can
//! reach it, so that it is never copied to a bounce buffer, and it cannot become a [`KVec`] or a
//! [`KBox`]: only the DMA API can free it.
//!
//! C documentation: `Documentation/core-api/dma-api.rst`, part II.

mod noncontiguous;

pub use self::noncontiguous::{
    NoncontiguousPages,
    VmapAccess,
    VmappedPages, //
};

use super::{
    direction::Direction,
    limits,
    raw,
    sealed::Sealed,
    span::Span,
    streaming::{
        part,
        CpuAccess, //
    },
    transfer::DeviceMemory,
    turn::{
        self,
        CpuTurn, //
    }, //
};
use crate::bindings as helpers;
use core::{
    marker::PhantomData,
    ops::Range,
    ptr::NonNull, //
};
use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    prelude::*,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// Physically contiguous elements that a device owns from birth.
///
/// The CPU gets its turn with [`DevicePages::sync_for_cpu`] or [`DevicePages::into_cpu`]. Dropping the value unmaps the memory and
/// frees it; forgetting it leaks both, so that the device's address leads to the same memory ever
/// after.
///
/// What the device may do with it is decided by `D`, and so is what the CPU may: it writes through a
/// guard where the device reads, and reads always.
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
///     direction::ToDevice,
///     pages::DevicePages, //
/// };
///
/// fn table(dev: &Device<Bound>) -> Result<DevicePages<'_, u32, ToDevice>> {
///     let mut pages = DevicePages::zeroed(dev, 1024, ToDevice, GFP_KERNEL)?;
///
///     // The CPU's turn lasts until the end of the statement.
///     pages.sync_for_cpu()[0] = 0x5a;
///     pr_info!("a table of {} bytes\n", pages.span().len());
///     Ok(pages)
/// }
/// ```
///
/// # Invariants
///
/// - `data` is memory from `dma_alloc_noncoherent()` for `dev`, of the size of `data`, which is not
///   zero, and with the direction `D`. `addr` is its DMA address. It has not been freed.
/// - All of its bytes are initialized, and `T` is valid whatever they are.
pub struct DevicePages<'bound, T, D: Direction> {
    dev: &'bound Device<Bound>,
    data: NonNull<[T]>,
    addr: DmaAddress,
    _direction: PhantomData<D>,
}

// SAFETY: This is memory and what is needed to free it, which the DMA API does from any thread. What is
// sent is in effect the elements.
unsafe impl<T: Send, D: Direction> Send for DevicePages<'_, T, D> {}

// SAFETY: A shared reference gives an address and a length, and no access to the memory.
unsafe impl<T: Send, D: Direction> Sync for DevicePages<'_, T, D> {}

impl<'bound, T, D: Direction> DevicePages<'bound, T, D> {
    /// Allocates `len` elements for the device to use in the direction that `direction` names, all of
    /// whose bytes are zero.
    ///
    /// Whole pages are allocated. Of `flags`, those of [`GFP_KERNEL`], [`GFP_KERNEL_ACCOUNT`],
    /// [`GFP_ATOMIC`], [`GFP_NOWAIT`] and [`__GFP_NOWARN`] count. May sleep, unless they say otherwise.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] for no element, or elements without a byte;
    /// - [`EOVERFLOW`] for more than an address space has;
    /// - [`EIO`] if the device can do no DMA at all;
    /// - [`ENOMEM`] if there is no memory in one piece that the device can reach, or its addresses are
    ///   used up.
    ///
    /// C: `dma_alloc_noncoherent()`, which is `dma_alloc_pages()` (`kernel/dma/mapping.c`) with the
    /// address of the page, and `dma_sync_single_for_device()`, which is due before the device's first
    /// turn.
    pub fn zeroed(
        dev: &'bound Device<Bound>,
        len: usize,
        _direction: D,
        flags: Flags,
    ) -> Result<Self>
    where
        T: AsBytes + FromBytes,
    {
        let size = raw::alloc_size::<T>(len)?;
        check_device(dev)?;

        let mut addr: DmaAddress = 0;
        // SAFETY: `dev` is bound, and has a mask for such memory. No flag is refused.
        let start = unsafe {
            helpers::helper_dma_alloc_noncoherent(
                raw::device(dev),
                size,
                &mut addr,
                D::DIRECTION.into(),
                raw::gfp(raw::alloc_flags(flags, size)),
            )
        };
        let start = NonNull::new(start.cast::<T>()).ok_or(ENOMEM)?;

        // INVARIANT: Just allocated with these parameters. C fills what it returns with zeroes, and `T` is
        // `FromBytes`. The memory begins with a page, which aligns it for `T`.
        let this = Self {
            dev,
            data: NonNull::slice_from_raw_parts(start, len),
            addr,
            _direction: PhantomData,
        };

        // The zeroes may still be in the CPU's caches only.
        //
        // SAFETY: By the invariants, these bytes are mapped for `dev` and `D`.
        unsafe { turn::sync_range_for_device::<D>(dev, addr, 0, size) };

        Ok(this)
    }

    /// Lends the memory to the CPU, until the guard is dropped.
    ///
    /// Before this returns, what the device wrote is made visible to the CPU; when the guard is
    /// dropped, what the CPU wrote is made visible to the device. Does not sleep.
    ///
    /// C: `dma_sync_single_for_cpu()` here and `dma_sync_single_for_device()` in the guard's drop;
    /// `kernel/dma/mapping.c`.
    #[inline]
    pub fn sync_for_cpu(&mut self) -> CpuAccess<'_, [T], D> {
        // SAFETY: By the invariants this is all of the memory, mapped for `dev` and `D` and valid. It is
        // borrowed exclusively, so that no transfer has it.
        unsafe { CpuAccess::begin(self.dev, self.addr, 0, self.data) }
    }

    /// Lends the elements of `range` to the CPU, until the guard is dropped.
    ///
    /// As [`DevicePages::sync_for_cpu`], but only for a part of the memory, which is all that is synced.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `range` is empty or not within the memory.
    ///
    /// C: `dma_sync_single_range_for_cpu()` here and `dma_sync_single_range_for_device()` in the
    /// guard's drop; `include/linux/dma-mapping.h`.
    #[inline]
    pub fn sync_range_for_cpu(&mut self, range: Range<usize>) -> Result<CpuAccess<'_, [T], D>> {
        let (offset, data) = part(self.data, &range).ok_or(EINVAL)?;

        // SAFETY: As for `sync_for_cpu()`. `data` is a part of the memory, which begins that many bytes from
        // its start.
        Ok(unsafe { CpuAccess::begin(self.dev, self.addr, offset, data) })
    }

    /// Gives the memory to the CPU, as a value that owns it.
    ///
    /// What the device wrote is visible to the CPU when this returns. Does not sleep.
    ///
    /// C: `dma_sync_single_for_cpu()`, `kernel/dma/mapping.c`.
    #[inline]
    pub fn into_cpu(self) -> CpuTurn<Self> {
        CpuTurn::begin(self)
    }

    /// The number of elements.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there is nothing in it; there always is.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the device is told of all the memory.
    #[inline(always)]
    pub fn span(&self) -> Span<'_, D> {
        // SAFETY: By the invariants, these bytes are mapped for `D`, which the span borrows.
        unsafe { Span::new(self.addr, self.size()) }
    }

    /// The device for which the memory was allocated.
    #[inline(always)]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.dev
    }

    /// Returns the address at which the CPU has the memory.
    ///
    /// The device owns it: to read it by the pointer is a data race with the device.
    #[inline(always)]
    pub fn as_ptr(&self) -> *const [T] {
        self.data.as_ptr()
    }

    /// The size in bytes.
    #[inline(always)]
    fn size(&self) -> usize {
        // By the invariants it is that of an allocation, and does not overflow.
        self.len() * size_of::<T>()
    }
}

impl<T, D: Direction> Drop for DevicePages<'_, T, D> {
    /// C: `dma_free_noncoherent()`, which is `dma_free_pages()` (`kernel/dma/mapping.c`).
    fn drop(&mut self) {
        // SAFETY: By the invariants, the memory was allocated with these parameters, and not freed. It is
        // freed once, as `self` is not used again. No device uses it: a transfer would own it.
        unsafe {
            helpers::helper_dma_free_noncoherent(
                raw::device(self.dev),
                self.size(),
                self.data.as_ptr().cast(),
                self.addr,
                D::DIRECTION.into(),
            )
        };
    }
}

// SAFETY: `span()` is all of the memory, which is mapped for `dev` and `D` until `self` is dropped, and
// for ever if it is forgotten. No CPU access to it is possible while `self` is not at hand. By the
// invariants its bytes are initialized, and valid whatever they are.
unsafe impl<T, D: Direction> DeviceMemory for DevicePages<'_, T, D> {
    type Direction = D;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, D> {
        DevicePages::span(self)
    }
}

impl<T, D: Direction> turn::private::Turns for DevicePages<'_, T, D> {
    type Direction = D;
    type Data = [T];

    #[inline(always)]
    fn begin_turn(&mut self, _: Sealed) {
        // SAFETY: By the invariants that is all of the memory, mapped for `dev` and `D`.
        unsafe { turn::sync_range_for_cpu::<D>(self.dev, self.addr, 0, self.size()) };
    }

    #[inline(always)]
    fn end_turn(&mut self, _: Sealed) {
        // SAFETY: By the invariants that is all of the memory, mapped for `dev` and `D`.
        unsafe { turn::sync_range_for_device::<D>(self.dev, self.addr, 0, self.size()) };
    }
}

// SAFETY: By the invariants; the memory begins with a page, which aligns it for `T`.
unsafe impl<T, D: Direction> turn::private::Contiguous for DevicePages<'_, T, D> {
    #[inline(always)]
    fn data(&self) -> NonNull<[T]> {
        self.data
    }
}

/// Refuses a device that can do no DMA, at which C warns or worse.
fn check_device(dev: &Device<Bound>) -> Result {
    if raw::has_dma(dev) && limits::coherent_mask(dev) != 0 {
        Ok(())
    } else {
        Err(EIO)
    }
}

#[kunit_tests(safe_dma_pages)]
mod tests {
    use super::*;
    use crate::dma::direction::Bidirectional;
    use kernel::faux;

    /// A device that can do no DMA is refused, where C warns.
    #[test]
    fn device_without_dma() -> Result {
        let device = faux::Registration::new(c"safe_dma_pages", None)?;
        let faux: &faux::Device<Bound> = device.as_ref();
        let dev = faux.as_ref();

        let pages = DevicePages::<u8, _>::zeroed(dev, 1, Bidirectional, GFP_KERNEL);
        assert_eq!(pages.err(), Some(EIO));
        let pages = NoncontiguousPages::<u8, _>::zeroed(dev, 1, Bidirectional, GFP_KERNEL);
        assert_eq!(pages.err(), Some(EIO));
        Ok(())
    }
}
