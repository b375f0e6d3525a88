// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it checks calls, not the assumptions of the driver
// In C: removes a buffer from a pool without its functions, and marks it as synced
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
