// SPDX-License-Identifier: GPL-2.0

// In C: frees a flash table with the size of another buffer
// Here: cannot be expressed

use crate::dma::CoherentMemory;

fn free_flash_table(table: CoherentMemory<'_, [u8]>, size: usize) {
    table.free(size); //~ ERROR E0599
}
