// SPDX-License-Identifier: GPL-2.0

// In C: passes the length of the memory as its DMA address when it frees it
// Here: cannot be expressed

use crate::dma::CoherentMemory;

fn open_failed(buffers: CoherentMemory<'_, [u8]>, size: usize) {
    buffers.free(size); //~ ERROR E0599
}
