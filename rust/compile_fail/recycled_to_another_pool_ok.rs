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

// A reference to a pool, or an `Arc`, always refers to the same one.
fn borrow(pool: &BufferPool<'_, Pages, ToDevice>) -> Result {
    drop(DeviceBuffer::take(pool)?);
    Ok(())
}
