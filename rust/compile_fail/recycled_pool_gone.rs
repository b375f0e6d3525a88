// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the CPU does
// In C: destroys a pool, and uses a buffer of it
// Here: does not compile

use crate::dma::{
    buffer::Pages,
    buffer_pool::{
        CpuBuffer,
        LocalBufferPool, //
    },
    direction::ToDevice, //
};
use kernel::prelude::*;

fn end(pool: LocalBufferPool<'_, Pages, ToDevice>) -> Result<u8> {
    let buffer = CpuBuffer::take(&pool, 64)?;

    drop(pool); //~ ERROR E0505
    Ok(buffer[0])
}
