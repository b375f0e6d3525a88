// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: uses the DMA address of coherent memory after freeing it
// Here: cannot be expressed: an address is not a number

use crate::dma::CoherentMemory;
use kernel::dma::DmaAddress;

fn send(memory: CoherentMemory<'_, [u8]>, descriptor: &mut DmaAddress) {
    *descriptor = memory.dma_address(); //~ ERROR E0599
}
