// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    buffer::Pages,
    buffer_pool::{
        BufferPool,
        DeviceBuffer, //
    },
    direction::ToDevice, //
};
use kernel::prelude::*;

// A reference always leads to the same pool, and so does an `Arc`.
fn borrow(pool: &BufferPool<'_, Pages, ToDevice>) -> Result {
    drop(DeviceBuffer::take(pool)?);
    Ok(())
}
