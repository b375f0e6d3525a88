// SPDX-License-Identifier: GPL-2.0

//! What a device can address, and how much of it at once.

use super::raw;
use crate::bindings as helpers;
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    }, //
};

/// The highest DMA address that the device can use for streaming mappings.
///
/// C: `dma_get_mask()`, `include/linux/dma-mapping.h`.
pub fn mask(dev: &Device<Bound>) -> u64 {
    // SAFETY: `dev` is a valid device.
    unsafe { helpers::helper_dma_get_mask(raw::device(dev)) }
}

/// The highest DMA address that the device can use for coherent memory.
///
/// C: `struct device::coherent_dma_mask`, `include/linux/device.h`.
pub fn coherent_mask(dev: &Device<Bound>) -> u64 {
    // SAFETY: `dev` is a valid device.
    unsafe { helpers::helper_dma_coherent_mask(raw::device(dev)) }
}

/// The largest segment of a scatter-gather list that the device can take, in bytes.
///
/// C: `dma_get_max_seg_size()`, `include/linux/dma-mapping.h`.
pub fn max_seg_size(dev: &Device<Bound>) -> u32 {
    // SAFETY: `dev` is a valid device.
    unsafe { helpers::helper_dma_get_max_seg_size(raw::device(dev)) }
}

/// The largest buffer that can be mapped as one piece, in bytes; [`usize::MAX`] for no limit.
///
/// C: `dma_max_mapping_size()`, `kernel/dma/mapping.c`.
pub fn max_mapping_size(dev: &Device<Bound>) -> usize {
    // SAFETY: `dev` is a valid device.
    unsafe { bindings::dma_max_mapping_size(raw::device(dev)) }
}
