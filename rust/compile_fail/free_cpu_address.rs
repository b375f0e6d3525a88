// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver frees DMA memory with different CPU address
// In C: replaces the memory of a ring, but not its DMA address
// Here: does not compile

use crate::dma::coherent::CoherentMemory;
use kernel::dma::Coherent;

fn replace(ring: &mut CoherentMemory<'_, [u64]>, next: Coherent<[u64]>) {
    ring.memory = next; //~ ERROR E0616
}
