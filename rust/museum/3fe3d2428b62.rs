// SPDX-License-Identifier: GPL-2.0

// In C: frees coherent memory before it jumps to the label that frees it
// Here: does not compile

use crate::dma::CoherentMemory;

fn set_ifcb(control: CoherentMemory<'_, [u8]>, failed: bool) {
    if failed {
        drop(control);
    }
    drop(control); //~ ERROR E0382
}
