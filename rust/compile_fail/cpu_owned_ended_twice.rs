// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not track ownership between syncs
// In C: syncs for the device twice, so that a bounce buffer loses received data
// Here: cannot be expressed: only the library can call that

use crate::dma::SyncForCpu;

fn end<M: SyncForCpu>(memory: &mut M) {
    memory.sync_for_device(); //~ ERROR E0061
}
