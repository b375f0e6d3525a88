// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: uses the scatter-gather table of coherent memory after freeing the memory
// Here: does not compile

use crate::dma::{
    coherent::CoherentMemory,
    sg::Piece, //
};
use kernel::prelude::*;

fn first(memory: CoherentMemory<'_, [u8]>) -> Result<Option<Piece>> {
    let table = memory.sg_table()?;
    drop(memory); //~ ERROR E0505

    let first = table.pieces().next();
    Ok(first)
}
