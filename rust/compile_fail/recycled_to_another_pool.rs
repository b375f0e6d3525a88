// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it checks calls, not the assumptions of the driver
// In C: puts a buffer back into the pool of another device
// Here: does not compile

use crate::dma::{
    buffer::Pages,
    buffer_pool::{
        BufferPool,
        DeviceBuffer, //
    },
    direction::ToDevice, //
};
use core::{
    cell::Cell,
    ops::Deref, //
};
use kernel::prelude::*;

type Pool<'a> = BufferPool<'a, Pages, ToDevice>;

struct Turncoat<'p, 'a> {
    pools: [&'p Pool<'a>; 2],
    now: &'p Cell<usize>,
}

impl<'a> Deref for Turncoat<'_, 'a> {
    type Target = Pool<'a>;

    fn deref(&self) -> &Pool<'a> {
        self.pools[self.now.get()]
    }
}

fn swap<'a>(mine: &Pool<'a>, other: &Pool<'a>) -> Result {
    let now = Cell::new(0);
    let pools = Turncoat {
        pools: [mine, other],
        now: &now,
    };
    let buffer = DeviceBuffer::take(pools)?; //~ ERROR E0277

    now.set(1);
    drop(buffer);
    Ok(())
}
