// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: keeps the DMA address of coherent memory, and uses it when that is freed
// Here: cannot be expressed: it is no number

use crate::dma::coherent::CoherentMemory;
use kernel::dma::DmaAddress;

fn send(memory: CoherentMemory<'_, [u8]>, descriptor: &mut DmaAddress) {
    *descriptor = memory.dma_address(); //~ ERROR E0599
}
