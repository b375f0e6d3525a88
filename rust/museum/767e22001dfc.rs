// SPDX-License-Identifier: GPL-2.0

// In C: frees the memory of a queue that devres frees as well
// Here: does not compile

use crate::dma::CoherentMemory;

fn free_queue(queue: CoherentMemory<'_, [u8]>, failed: bool) {
    if failed {
        drop(queue);
    }
    drop(queue); //~ ERROR E0382
}
