// SPDX-License-Identifier: GPL-2.0

// In C: frees memory from dma_alloc_wc() with dma_free_coherent()
// Here: cannot be expressed

use crate::dma::CoherentMemory;
use kernel::dma::attrs::DMA_ATTR_WRITE_COMBINE;

fn free_channel(descriptors: CoherentMemory<'_, [u64]>) {
    descriptors.free(DMA_ATTR_WRITE_COMBINE); //~ ERROR E0599
}
