// SPDX-License-Identifier: GPL-2.0

// In C: frees coherent memory again as the pointer was kept after the reset
// Here: does not compile

use crate::dma::CoherentMemory;

fn release_scratch(scratch: CoherentMemory<'_, [u8]>, failed: bool) {
    if failed {
        drop(scratch);
    }
    drop(scratch); //~ ERROR E0382
}
