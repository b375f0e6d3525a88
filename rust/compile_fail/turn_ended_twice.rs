// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not know whose turn it is
// In C: syncs for the device what was not synced for the CPU, so that a bounce buffer loses what the device has written
// Here: cannot be expressed: only the library can call that

use crate::dma::turn::Turns;

fn end<M: Turns>(memory: &mut M) {
    memory.end_turn(); //~ ERROR E0061
}
