// SPDX-License-Identifier: GPL-2.0

//! What a device can address, and how much of it at once.

use super::raw;
use crate::bindings as helpers;
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

/// The highest DMA address that the device can use for streaming mappings.
///
/// 32 bits until the driver has set another one, which it does with
/// [`dma_set_mask`](kernel::dma::Device::dma_set_mask) when it is bound; what it has set stays when the
/// driver goes.
///
/// C: `dma_get_mask()`, `include/linux/dma-mapping.h`.
#[inline]
pub fn mask(dev: &Device<Bound>) -> u64 {
    // SAFETY: `dev` is a valid device.
    unsafe { helpers::helper_dma_get_mask(raw::device(dev)) }
}

/// The highest DMA address that the device can use for coherent memory.
///
/// 32 bits for a PCI device until the driver has set another one
/// ([`dma_set_coherent_mask`](kernel::dma::Device::dma_set_coherent_mask)).
///
/// C: `struct device::coherent_dma_mask`, `include/linux/device.h`.
#[inline]
pub fn coherent_mask(dev: &Device<Bound>) -> u64 {
    // SAFETY: `dev` is a valid device.
    unsafe { helpers::helper_dma_coherent_mask(raw::device(dev)) }
}

/// The largest segment of a scatter-gather list that the device can take, in bytes.
///
/// C: `dma_get_max_seg_size()`, `include/linux/dma-mapping.h`.
#[inline]
pub fn max_seg_size(dev: &Device<Bound>) -> u32 {
    // SAFETY: `dev` is a valid device.
    unsafe { helpers::helper_dma_get_max_seg_size(raw::device(dev)) }
}

/// Whether the device and the CPU's caches always agree on what is in memory.
///
/// If not, caches are written back and invalidated when a mapping changes hands, a cache line at a
/// time: see [`cache_alignment()`].
///
/// C: `dev_is_dma_coherent()`, `include/linux/dma-map-ops.h`.
#[inline]
pub fn is_coherent(dev: &Device<Bound>) -> bool {
    // SAFETY: `dev` is a valid device.
    unsafe { helpers::helper_dev_is_dma_coherent(raw::device(dev)) }
}

/// The size in bytes of the largest cache line of the system, a power of two.
///
/// Two pieces of memory that are aligned to it, and end where it does, never share one.
///
/// C: `dma_get_cache_alignment()`, `include/linux/dma-mapping.h`.
#[inline]
pub fn cache_alignment() -> usize {
    // SAFETY: May be called at any time.
    let size = unsafe { helpers::helper_dma_get_cache_alignment() };

    // CAST: A small positive number.
    size as usize
}

/// What an entry of a scatter-gather list must not cross: an address in which all these bits are zero.
///
/// C: `dma_get_seg_boundary()`, `include/linux/dma-mapping.h`.
#[inline]
pub fn seg_boundary(dev: &Device<Bound>) -> u64 {
    // SAFETY: `dev` is a valid device.
    unsafe { helpers::helper_dma_get_seg_boundary(raw::device(dev)) as u64 }
}

/// The largest buffer that can be mapped as one piece, in bytes; [`usize::MAX`] for no limit.
///
/// C: `dma_max_mapping_size()`, `kernel/dma/mapping.c`.
#[inline]
pub fn max_mapping_size(dev: &Device<Bound>) -> usize {
    // SAFETY: `dev` is a valid device.
    unsafe { bindings::dma_max_mapping_size(raw::device(dev)) }
}

/// The size in bytes up to which a mapping is made fast; larger ones can be made all the same.
///
/// An IOMMU's addresses for larger ones are not kept ready for the next mapping. [`usize::MAX`] for no
/// limit.
///
/// C: `dma_opt_mapping_size()`, `kernel/dma/mapping.c`.
#[inline]
pub fn opt_mapping_size(dev: &Device<Bound>) -> usize {
    // SAFETY: `dev` is a valid device.
    unsafe { bindings::dma_opt_mapping_size(raw::device(dev)) }
}

/// The mask that reaches all memory: a device that has a smaller one needs bounce buffers.
///
/// 32 bits behind an IOMMU, whatever memory there is.
///
/// C: `dma_get_required_mask()`, `kernel/dma/mapping.c`.
#[inline]
pub fn required_mask(dev: &Device<Bound>) -> u64 {
    // SAFETY: `dev` is a valid device.
    unsafe { bindings::dma_get_required_mask(raw::device(dev)) }
}

/// Whether there is memory that the device cannot reach with the mask that it has.
///
/// C: `dma_addressing_limited()`, `kernel/dma/mapping.c`.
#[inline]
pub fn addressing_limited(dev: &Device<Bound>) -> bool {
    // SAFETY: `dev` is a valid device.
    unsafe { bindings::dma_addressing_limited(raw::device(dev)) }
}

/// What pieces of memory must be aligned to, less one, for an IOMMU to make one piece of them; 0 if
/// nobody does.
///
/// A bit that is set here must be clear in the address of each piece but the first, and in the end of
/// each but the last.
///
/// C: `dma_get_merge_boundary()`, `kernel/dma/mapping.c`.
#[inline]
pub fn merge_boundary(dev: &Device<Bound>) -> usize {
    // SAFETY: `dev` is a valid device. CAST: `unsigned long` has as many bits as `usize`.
    unsafe { bindings::dma_get_merge_boundary(raw::device(dev)) as usize }
}

#[kunit_tests(safe_dma_limits)]
mod tests {
    use super::*;
    use kernel::{
        error::to_result,
        faux, //
    };

    /// A device of no bus that does DMA: it has no masks and no parameters.
    fn bare(registration: &faux::Registration) -> &Device<Bound> {
        let faux: &faux::Device<Bound> = registration.as_ref();

        faux.as_ref()
    }

    /// C: `dma_get_mask()` takes 32 bits for a mask that is not there.
    #[test]
    fn mask_is_32_bits_without_one() -> Result {
        let registration = faux::Registration::new(c"safe_dma_mask", None)?;

        assert_eq!(mask(bare(&registration)), 0xffff_ffff);
        Ok(())
    }

    /// C: a `struct device` is made of zeroes, and `dma_set_coherent_mask()` writes the field.
    #[test]
    fn coherent_mask_is_what_was_set() -> Result {
        let registration = faux::Registration::new(c"safe_dma_coherent_mask", None)?;
        let dev = bare(&registration);

        assert_eq!(coherent_mask(dev), 0);
        for wanted in [0xffff_ffff, 0xffff_ffff_ffff, u64::MAX] {
            // SAFETY: The device is valid, and nobody allocates memory for it meanwhile.
            to_result(unsafe { bindings::dma_set_coherent_mask(raw::device(dev), wanted) })?;
            assert_eq!(coherent_mask(dev), wanted);
        }
        Ok(())
    }

    /// C: `dma_get_max_seg_size()` takes 64 KiB where there are no `struct device_dma_parameters`.
    #[test]
    fn max_seg_size_is_64_kib_without_one() -> Result {
        let registration = faux::Registration::new(c"safe_dma_max_seg_size", None)?;

        assert_eq!(max_seg_size(bare(&registration)), 0x10000);
        Ok(())
    }

    /// C: `dma_max_mapping_size()` says so of a device that has no mask, and so no streaming DMA.
    #[test]
    fn max_mapping_size_is_zero_without_a_mask() -> Result {
        let registration = faux::Registration::new(c"safe_dma_max_mapping_size", None)?;

        assert_eq!(max_mapping_size(bare(&registration)), 0);
        Ok(())
    }

    /// C: `dma_get_merge_boundary()` says so where there is no IOMMU.
    #[test]
    fn nothing_merges_without_an_iommu() -> Result {
        let registration = faux::Registration::new(c"safe_dma_merge", None)?;

        assert_eq!(merge_boundary(bare(&registration)), 0);
        Ok(())
    }

    /// C: `dma_opt_mapping_size()` is never more than `dma_max_mapping_size()`.
    #[test]
    fn opt_mapping_size_is_zero_without_a_mask() -> Result {
        let registration = faux::Registration::new(c"safe_dma_opt", None)?;

        assert_eq!(opt_mapping_size(bare(&registration)), 0);
        Ok(())
    }

    /// C: `dma_direct_get_required_mask()` makes all bits of the last byte's address ones.
    #[test]
    fn required_mask_is_a_mask() -> Result {
        let registration = faux::Registration::new(c"safe_dma_required", None)?;
        let required = required_mask(bare(&registration));

        assert!(required > 0 && (required & required.wrapping_add(1)) == 0);
        Ok(())
    }
}
