// SPDX-License-Identifier: GPL-2.0

// In C: frees a response buffer with a smaller size than it was allocated with
// Here: cannot be expressed

use crate::dma::CoherentMemory;

fn free_response(response: CoherentMemory<'_, [u8]>, size: usize) {
    response.free(size); //~ ERROR E0599
}
