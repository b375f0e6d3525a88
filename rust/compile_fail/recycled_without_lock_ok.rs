// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    buffer::Pages,
    buffer_pool::BufferPool,
    direction::ToDevice, //
};

fn share<T: Sync>(_: &T) {}

fn end(pool: &BufferPool<'_, Pages, ToDevice>) {
    share(pool);
}
