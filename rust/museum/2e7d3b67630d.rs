// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver frees DMA memory with different size
// In C: frees the timestamp ring with a smaller size than it was allocated with
// Here: cannot be expressed

use crate::dma::CoherentMemory;

fn free_ring(timestamps: CoherentMemory<'_, [u8]>, size: usize) {
    timestamps.free(size); //~ ERROR E0599
}
