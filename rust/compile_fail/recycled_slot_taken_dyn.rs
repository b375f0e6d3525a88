// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it sees calls, and not what the driver relies on
// In C: takes a buffer out of a pool by a pointer to its functions
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
