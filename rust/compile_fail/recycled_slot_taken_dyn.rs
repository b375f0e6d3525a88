// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it checks calls, not the assumptions of the driver
// In C: removes a buffer from a pool through a function pointer
// Here: cannot be expressed: only the library can call that

use crate::dma::{
    buffer::Pages,
    buffer_pool::{
        LocalBufferPool,
        Pool, //
    },
    direction::FromDevice, //
};

fn never_sync<'b>(pool: &LocalBufferPool<'b, Pages, FromDevice>) -> bool {
    let pool: &dyn Pool<'b, Pages, FromDevice> = pool;

    pool.take().is_some() //~ ERROR E0061
}
