// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not know whose turn it is
// In C: syncs for the device twice, and a bounce buffer loses what was received
// Here: cannot be expressed: only the library can call that

use crate::dma::turn::Turns;

fn end<M: Turns>(memory: &mut M) {
    memory.end_turn(); //~ ERROR E0061
}
