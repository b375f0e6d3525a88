// SPDX-License-Identifier: GPL-2.0

// In C: frees the host memory descriptors with the size of those in use, not of those allocated
// Here: cannot be expressed

use crate::dma::CoherentMemory;

fn free_host_memory(descriptors: CoherentMemory<'_, [u8]>, size: usize) {
    descriptors.free(size); //~ ERROR E0599
}
