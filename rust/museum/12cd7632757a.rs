// SPDX-License-Identifier: GPL-2.0

// In C: frees a ring with the size that was asked for, not the aligned one that was allocated
// Here: cannot be expressed

use crate::dma::CoherentMemory;

fn free_ring(ring: CoherentMemory<'_, [u8]>, size: usize) {
    ring.free(size); //~ ERROR E0599
}
