// SPDX-License-Identifier: GPL-2.0

//! Limits of DMA: addresses that a device reaches, and sizes that it takes.
//!
//! [`Limits`] has what mappings need, asked once. The functions ask each time. None of them sleeps.

use super::compat;
use crate::bindings as helpers;
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    io::PhysAddr, //
};

/// A device, with the limits of its mappings.
///
/// A driver makes it in its probe, after it has set the device's mask, and maps memory with a
/// reference to it: the kernel is then not asked for the limits at each mapping.
/// [`SgMapping::map`](super::SgMapping::map) and
/// [`ResourceMapping::map`](super::ResourceMapping::map) take it, or a `&Device<Bound>`, which asks
/// each time, for a mapping that is made once.
///
/// If the driver sets another mask later, new mappings obey it, also those made with an older
/// `Limits`. Only the maximum size of an entry stays that of the older mask: if the device needs
/// bounce buffers now, mapping a larger buffer returns an error.
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
///     Limits,
///     SgMapping,
///     ToDevice, //
/// };
///
/// /// The data of a driver.
/// struct Queue<'bound> {
///     limits: Limits<'bound>,
/// }
///
/// impl<'bound> Queue<'bound> {
///     fn new(dev: &'bound Device<Bound>) -> Self {
///         Self {
///             limits: Limits::new(dev),
///         }
///     }
///
///     fn send(&self, data: VVec<u8>) -> Result<SgMapping<'bound, VVec<u8>, ToDevice>> {
///         Ok(SgMapping::map(&self.limits, data, ToDevice, GFP_KERNEL)?)
///     }
/// }
/// ```
///
/// # Invariants
///
/// - If `max_mapping_size` or `mmio_limit` is not 0, then the device has a mask.
/// - Registers up to `mmio_limit` are within the reach of the device's bus, by their physical
///   address, and are not encrypted.
#[derive(Clone, Copy)]
pub struct Limits<'bound> {
    dev: &'bound Device<Bound>,
    mmio_limit: PhysAddr,
    max_mapping_size: usize,
}

impl<'bound> Limits<'bound> {
    /// Asks for the limits of a device.
    ///
    /// Does not sleep.
    ///
    /// C: `dma_max_mapping_size()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    pub fn new(dev: &'bound Device<Bound>) -> Self {
        // INVARIANT: C returns 0 for a device without a mask, and so does `mmio_limit()`. The bus
        // sets the mask, and its own limits, before a driver is bound.
        Self {
            dev,
            max_mapping_size: max_mapping_size(dev),
            mmio_limit: mmio_limit(dev),
        }
    }

    /// Returns the device.
    #[inline]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.dev
    }

    /// Returns [`max_mapping_size()`] of the device; 0 if it can do no DMA at all.
    #[inline]
    pub(super) fn max_mapping_size(&self) -> usize {
        self.max_mapping_size
    }

    /// Returns the highest physical address at which the device's bus reaches registers.
    #[inline]
    pub(super) fn mmio_limit(&self) -> PhysAddr {
        self.mmio_limit
    }
}

/// Returns the highest physical address at which the bus of `dev` reaches registers; 0 if there is
/// no single limit, or `dev` has no mask.
///
/// C: `phys_to_dma_unencrypted()`,
/// [`include/linux/dma-direct.h`](srctree/include/linux/dma-direct.h).
fn mmio_limit(dev: &Device<Bound>) -> PhysAddr {
    let dev_raw = compat::device(dev);
    // SAFETY: `dev` is valid. Its bus has set the fields before a driver was bound.
    let (map, limit) = unsafe { ((*dev_raw).dma_range_map, (*dev_raw).bus_dma_limit) };

    if compat::is_memory_encrypted() || !map.is_null() || !compat::is_dma_capable(dev) {
        return 0;
    }
    match limit {
        0 => PhysAddr::MAX,
        limit => limit,
    }
}

impl<'bound> From<&'bound Device<Bound>> for Limits<'bound> {
    #[inline]
    fn from(dev: &'bound Device<Bound>) -> Self {
        Self::new(dev)
    }
}

impl<'bound> From<&Limits<'bound>> for Limits<'bound> {
    #[inline]
    fn from(limits: &Limits<'bound>) -> Self {
        *limits
    }
}

/// Returns the highest DMA address that the device can use for streaming mappings.
///
/// 32 bits until a driver sets another mask with
/// [`dma_set_mask`](kernel::dma::Device::dma_set_mask), and for a device without a mask, which can
/// do no DMA. The mask remains when the driver is unbound.
///
/// C: `dma_get_mask()`, [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
#[inline]
pub fn mask(dev: &Device<Bound>) -> u64 {
    // SAFETY: `dev` is a valid device.
    unsafe { helpers::helper_dma_get_mask(compat::device(dev)) }
}

/// Returns the highest DMA address that the device can use for coherent memory.
///
/// 32 bits for a PCI device until the driver has set another one
/// ([`dma_set_coherent_mask`](kernel::dma::Device::dma_set_coherent_mask)).
///
/// C: `struct device::coherent_dma_mask`,
/// [`include/linux/device.h`](srctree/include/linux/device.h).
#[inline]
pub fn coherent_mask(dev: &Device<Bound>) -> u64 {
    // SAFETY: `dev` is a valid device.
    unsafe { (*compat::device(dev)).coherent_dma_mask }
}

/// Returns the maximum size of a segment of a scatter-gather list for the device, in bytes.
///
/// C: `dma_get_max_seg_size()`,
/// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
#[inline]
pub fn max_seg_size(dev: &Device<Bound>) -> u32 {
    compat::seg_limits(dev).0
}

/// Returns whether the device is cache-coherent.
///
/// If not, caches are written back and invalidated when a mapping changes hands, a cache line at a
/// time: see [`cache_alignment()`].
///
/// C: `dev_is_dma_coherent()`,
/// [`include/linux/dma-map-ops.h`](srctree/include/linux/dma-map-ops.h).
#[inline]
pub fn is_coherent(dev: &Device<Bound>) -> bool {
    // SAFETY: `dev` is a valid device.
    unsafe { helpers::helper_dev_is_dma_coherent(compat::device(dev)) }
}

/// Returns the alignment in bytes, a power of two, of buffers that share no cache line in DMA.
///
/// It applies to the start and the size of a buffer. It may be larger than a cache line of the CPU,
/// and is 1 on an architecture on which all devices are cache-coherent.
///
/// C: `dma_get_cache_alignment()`,
/// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
#[inline]
pub fn cache_alignment() -> usize {
    // SAFETY: May be called at any time.
    let size = unsafe { helpers::helper_dma_get_cache_alignment() };

    // CAST: A small positive number.
    size as usize
}

/// Returns the segment boundary mask: no entry of a scatter-gather list for the device crosses a
/// multiple of the mask plus one.
///
/// C: `dma_get_seg_boundary()`,
/// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
#[inline]
pub fn seg_boundary(dev: &Device<Bound>) -> u64 {
    compat::seg_limits(dev).1
}

/// Returns the maximum size of a buffer that is mapped as one segment, in bytes; [`usize::MAX`] for
/// no limit, 0 for a device that can do no DMA.
///
/// C: `dma_max_mapping_size()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
#[inline]
pub fn max_mapping_size(dev: &Device<Bound>) -> usize {
    // SAFETY: `dev` is a valid device.
    unsafe { bindings::dma_max_mapping_size(compat::device(dev)) }
}

/// Returns the size in bytes up to which mapping is fast. Larger mappings are possible.
///
/// The IOVA allocator does not cache larger ranges: a disk driver limits its requests to this size,
/// as [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c) does. [`usize::MAX`] for no
/// limit, 0 for a device that can do no DMA.
///
/// C: `dma_opt_mapping_size()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
#[inline]
pub fn opt_mapping_size(dev: &Device<Bound>) -> usize {
    // SAFETY: `dev` is a valid device.
    unsafe { bindings::dma_opt_mapping_size(compat::device(dev)) }
}

/// Returns the alignment of ranges of memory, less one, with which an IOMMU maps them as one; 0
/// without an IOMMU.
///
/// A bit that is set here must be clear in the address of each range but the first, and in the end
/// of each but the last.
///
/// C: `dma_get_merge_boundary()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
#[inline]
pub fn merge_boundary(dev: &Device<Bound>) -> usize {
    // SAFETY: `dev` is a valid device. CAST: `unsigned long` has as many bits as `usize`.
    unsafe { bindings::dma_get_merge_boundary(compat::device(dev)) as usize }
}
