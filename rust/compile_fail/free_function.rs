// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver frees DMA memory with wrong function
// In C: unmaps coherent memory as if it were a streaming mapping
// Here: cannot be expressed

use crate::dma::CoherentMemory;

fn remove(ring: CoherentMemory<'_, [u64]>) {
    ring.unmap(); //~ ERROR E0599
}
