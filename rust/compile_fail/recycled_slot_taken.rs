// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it sees calls, and not what the driver relies on
// In C: takes a buffer out of a pool behind its back, and marks it as one that needs no sync
// Here: cannot be expressed: only the library can call that

use crate::dma::{
    buffer::Buffer,
    buffer_pool::Pool,
    direction::Direction, //
};
use kernel::prelude::*;

fn never_sync<'b, B: Buffer, D: Direction, P: Pool<'b, B, D>>(pool: &P) -> Result {
    pool.take().ok_or(ENOBUFS)?; //~ ERROR E0061
    Ok(())
}
