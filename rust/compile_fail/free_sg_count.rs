// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver frees DMA sg list with different entry count
// In C: unmaps as many entries as dma_map_sg() returned, not as many as it was given
// Here: cannot be expressed: mainline's SGTable unmaps itself, and there is no other list yet

use kernel::{
    prelude::*,
    scatterlist::{
        Owned,
        SGTable, //
    }, //
};

fn finish(table: SGTable<Owned<VVec<u8>>>) {
    let mapped = table.iter().count();

    table.unmap(mapped); //~ ERROR E0599
}
