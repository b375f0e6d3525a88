// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: uses a buffer of a pool after destroying the pool
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
