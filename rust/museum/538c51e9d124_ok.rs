// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn release_scratch(mut scratch: Option<CoherentMemory<'_, [u8]>>, failed: bool) {
    if failed {
        scratch = None;
    }
    drop(scratch);
}
