// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn free_queue(mut queue: Option<CoherentMemory<'_, [u8]>>, failed: bool) {
    if failed {
        queue = None;
    }
    drop(queue);
}
