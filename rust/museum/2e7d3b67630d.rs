// SPDX-License-Identifier: GPL-2.0

// In C: frees the timestamp ring with a smaller size than it was allocated with
// Here: cannot be expressed

use crate::dma::CoherentMemory;

fn free_ring(timestamps: CoherentMemory<'_, [u8]>, size: usize) {
    timestamps.free(size); //~ ERROR E0599
}
