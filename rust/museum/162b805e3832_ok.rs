// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn free_flash_table(table: CoherentMemory<'_, [u8]>) {
    drop(table);
}
