// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver syncs DMA sg list with different entry count
// In C: syncs as many entries as dma_map_sg() returned, not as many as it was given
// Here: cannot be expressed: there is no list that can be synced yet

use kernel::{
    prelude::*,
    scatterlist::{
        Owned,
        SGTable, //
    }, //
};

fn received(table: &mut SGTable<Owned<VVec<u8>>>) {
    let mapped = table.iter().count();

    table.sync_for_cpu(mapped); //~ ERROR E0599
}
