// SPDX-License-Identifier: GPL-2.0

//! Memory that is allocated for a device, and mapped for it until it is freed.
//!
//! | type | in memory | for the device | C |
//! | --- | --- | --- | --- |
//! | [`DevicePages`] | contiguous | one range | `dma_alloc_pages()`, `dma_alloc_noncoherent()` |
//! | [`NoncontiguousPages`] | any pages | one range | `dma_alloc_noncontiguous()` |
//!
//! Unlike coherent memory, it is cached as any other: the CPU or the device owns it, as with a
//! [`Mapping`](super::Mapping). Unlike the buffer of a mapping, it is allocated where the device
//! can reach it, so that it is never copied to a bounce buffer, and it cannot become a [`KVec`] or
//! a [`KBox`]: only the DMA API can free it.
//!
//! C documentation:
//! [`Documentation/core-api/dma-api.rst`](srctree/Documentation/core-api/dma-api.rst), part II.

mod noncontiguous;
mod vmapped;

pub use self::{
    noncontiguous::NoncontiguousPages,
    vmapped::VmappedPages, //
};

use super::{
    alloc,
    compat,
    contiguous::{
        private::AsContiguous,
        Contiguous, //
    },
    cpu_owned::{
        CpuAccess,
        CpuOwned, //
    },
    direction::Direction,
    limits,
    range::Range, //
};
use crate::bindings as helpers;
use core::{
    ops,
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

/// Physically contiguous elements that are allocated for a device.
///
/// [`DevicePages::sync_for_cpu`] and [`DevicePages::into_cpu`] give the memory to the CPU. Dropping
/// the value unmaps the memory and frees it, and may sleep; forgetting it leaks both, so that the
/// DMA address remains that of the same memory.
///
/// `D` is the direction of the device's accesses. The CPU can read in each direction, and write if
/// the device reads.
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
///     DevicePages,
///     ToDevice, //
/// };
///
/// fn table(dev: &Device<Bound>) -> Result<DevicePages<'_, u32, ToDevice>> {
///     let mut pages = DevicePages::zeroed(dev, 1024, ToDevice, GFP_KERNEL)?;
///
///     // The CPU owns the memory until the end of the statement.
///     pages.sync_for_cpu()[0] = 0x5a;
///     pr_info!("a table of {} bytes\n", pages.range().len());
///     Ok(pages)
/// }
/// ```
///
/// # Invariants
///
/// The memory of `frame` is from `dma_alloc_noncoherent()` for its device, with its size and the
/// direction `D`. It has not been freed.
pub struct DevicePages<'bound, T, D: Direction> {
    frame: Contiguous<'bound, [T], D>,
}

impl<'bound, T, D: Direction> DevicePages<'bound, T, D> {
    /// Allocates `len` elements for the device to use in the direction that `direction` names, all
    /// of whose bytes are zero.
    ///
    /// Whole pages are allocated. Of `flags`, those of [`GFP_KERNEL`], [`GFP_KERNEL_ACCOUNT`],
    /// [`GFP_ATOMIC`], [`GFP_NOWAIT`] and [`__GFP_NOWARN`] count. May sleep, unless they say
    /// otherwise.
    ///
    /// C: `dma_alloc_noncoherent()`, which calls `dma_alloc_pages()`, and
    /// `dma_sync_single_for_device()`, which is due before the first transfer;
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] for no element, or elements without a byte;
    /// - [`EOVERFLOW`] for more than an address space has;
    /// - [`EIO`] if the device can do no DMA at all;
    /// - [`ENOMEM`] if there is no contiguous memory that the device can reach, or its addresses
    ///   are used up.
    pub fn zeroed(
        dev: &'bound Device<Bound>,
        len: usize,
        _direction: D,
        flags: Flags,
    ) -> Result<Self>
    where
        T: AsBytes + FromBytes,
    {
        let size = alloc::alloc_size::<T>(len)?;
        if !compat::is_dma_capable(dev) || limits::coherent_mask(dev) == 0 {
            // C warns about such a device, or worse.
            return Err(EIO);
        }

        let mut addr: DmaAddress = 0;
        // SAFETY: `dev` is bound, and has a mask for such memory. No flag is refused.
        let start = unsafe {
            helpers::helper_dma_alloc_noncoherent(
                compat::device(dev),
                size,
                &mut addr,
                D::DIRECTION.into(),
                compat::gfp(alloc::alloc_flags(flags, size)),
            )
        };
        let start = NonNull::new(start.cast::<T>()).ok_or(ENOMEM)?;
        let data = NonNull::slice_from_raw_parts(start, len);

        // INVARIANT: Just allocated with these parameters.
        let this = Self {
            // SAFETY: Just mapped for `dev` and `D`. C fills the memory with zeroes, and `T` is
            // `FromBytes`. It begins with a page, which aligns it for `T`, and its size is not
            // zero.
            frame: unsafe { Contiguous::new(dev, data, addr) },
        };

        // The zeroes may still be in the CPU's caches only.
        //
        // SAFETY: That is all of the memory.
        unsafe { this.frame.sync_for_device(0, size) };

        Ok(this)
    }

    /// Gives the memory to the CPU until the guard is dropped.
    ///
    /// Device writes are visible to the CPU when this returns, and CPU writes to the device when
    /// the guard is dropped. Does not sleep.
    ///
    /// C: `dma_sync_single_for_cpu()` here and `dma_sync_single_for_device()` in the guard's drop;
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    #[inline]
    pub fn sync_for_cpu(&mut self) -> CpuAccess<'_, Self> {
        CpuAccess::whole(self)
    }

    /// Gives the elements of `range` to the CPU until the guard is dropped.
    ///
    /// Only these are synced; otherwise as [`DevicePages::sync_for_cpu`].
    ///
    /// C: `dma_sync_single_range_for_cpu()` here and `dma_sync_single_range_for_device()` in the
    /// guard's drop; [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `range` is empty or not within the memory.
    #[inline]
    pub fn sync_range_for_cpu(&mut self, range: ops::Range<usize>) -> Result<CpuAccess<'_, Self>> {
        CpuAccess::of_range(self, range)
    }

    /// Gives the memory to the CPU, as a value that owns it.
    ///
    /// Device writes are visible to the CPU when this returns. Does not sleep.
    ///
    /// C: `dma_sync_single_for_cpu()`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    #[inline]
    pub fn into_cpu(self) -> CpuOwned<Self> {
        CpuOwned::new(self)
    }

    /// Returns the number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.frame.data.len()
    }

    /// Always `false`: no empty memory is allocated.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the DMA range of the memory.
    #[inline]
    pub fn range(&self) -> Range<'_, D> {
        self.frame.range()
    }

    /// Returns the device for which the memory was allocated.
    #[inline]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.frame.dev
    }

    /// Returns the address of the memory for the CPU.
    ///
    /// The device owns the memory: a read through the pointer is a data race with the device.
    #[inline]
    pub fn as_ptr(&self) -> *const [T] {
        self.frame.data.as_ptr()
    }
}

impl<T, D: Direction> Drop for DevicePages<'_, T, D> {
    /// Frees the memory. May sleep.
    ///
    /// C: `dma_free_noncoherent()`, which calls `dma_free_pages()`;
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    fn drop(&mut self) {
        // SAFETY: By the invariants, the memory was allocated with these parameters, and not freed.
        // It is freed once, as `self` is not used again. No device uses it: a transfer would own
        // it.
        unsafe {
            helpers::helper_dma_free_noncoherent(
                compat::device(self.frame.dev),
                self.frame.size(),
                self.frame.data.as_ptr().cast(),
                self.frame.addr,
                D::DIRECTION.into(),
            )
        };
    }
}

// SAFETY: The frame is a field. Its memory was allocated for `self`, which alone refers to it, and
// frees it when it is dropped.
unsafe impl<T, D: Direction> AsContiguous for DevicePages<'_, T, D> {
    type Data = [T];
    type Direction = D;

    #[inline]
    fn frame(&self) -> &Contiguous<'_, [T], D> {
        &self.frame
    }
}

#[kunit_tests(safe_dma_pages)]
mod tests {
    use super::*;
    use crate::dma::Bidirectional;
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
