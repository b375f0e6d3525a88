// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver frees DMA memory with different CPU address
// In C: replaces the memory of a ring, but not its DMA address
// Here: does not compile

use crate::dma::CoherentMemory;
use core::ptr::NonNull;

fn replace(ring: &mut CoherentMemory<'_, [u64]>, next: NonNull<[u64]>) {
    ring.data = next; //~ ERROR E0616
}
