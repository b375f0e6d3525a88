// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: keeps a plain pointer to coherent memory while the device writes there
// Here: does not compile

use crate::dma::CoherentMemory;

fn first(memory: &CoherentMemory<'_, [u32]>) -> u32 {
    memory.as_ref()[0] //~ ERROR E0133
}
