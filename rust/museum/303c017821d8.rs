// SPDX-License-Identifier: GPL-2.0

// In C: frees memory of the firmware with the size of its next request
// Here: cannot be expressed

use crate::dma::CoherentMemory;

fn free_target_memory(segment: CoherentMemory<'_, [u8]>, size: usize) {
    segment.free(size); //~ ERROR E0599
}
