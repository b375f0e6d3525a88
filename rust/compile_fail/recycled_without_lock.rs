// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: takes buffers in a thread and puts them back in an interrupt handler, without a lock
// Here: does not compile

use crate::dma::{
    buffer::Pages,
    buffer_pool::LocalBufferPool,
    direction::ToDevice, //
};

fn share<T: Sync>(_: &T) {}

fn end(pool: &LocalBufferPool<'_, Pages, ToDevice>) {
    share(pool); //~ ERROR E0277
}
