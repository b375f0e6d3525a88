// SPDX-License-Identifier: GPL-2.0

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
    let first = CpuBuffer::take(&pool, 64)?[0];

    drop(pool);
    Ok(first)
}
