// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    buffer::Pages,
    buffer_pool::{
        DeviceBuffer,
        LocalBufferPool, //
    },
    direction::FromDevice, //
};
use kernel::prelude::*;

// The pool syncs the buffer, which returns to its pool.
fn take(pool: &LocalBufferPool<'_, Pages, FromDevice>) -> Result<u8> {
    let buffer = DeviceBuffer::take(pool)?
        .sync_for_cpu(64)
        .map_err(|_| EINVAL)?;

    Ok(buffer[0])
}
