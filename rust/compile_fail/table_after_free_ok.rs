// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    coherent::CoherentMemory,
    sg::Piece, //
};
use kernel::prelude::*;

// The table borrows the memory.
fn first(memory: &CoherentMemory<'_, [u8]>) -> Result<Option<Piece>> {
    let table = memory.sg_table()?;

    let first = table.pieces().next();
    Ok(first)
}
