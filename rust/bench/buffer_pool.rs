// SPDX-License-Identifier: GPL-2.0

//! Pools of buffers that stay mapped: the cost of a transfer without and with a copy.

use super::prelude::*;
use crate::dma::{
    BufferPool,
    CpuBuffer, //
};

/// The order of a buffer of 64 KiB.
const ORDER: u32 = 4;
/// The size of a transfer.
const FRAME: usize = 4096;

type Pool<'bound> = BufferPool<'bound, Pages, ToDevice>;

/// Takes a buffer and syncs it for the device, without a transfer.
#[inline(never)]
fn library_kept(pool: &Pool<'_>) -> Result {
    drop(CpuBuffer::take(pool, FRAME)?.sync_for_device());
    Ok(())
}

#[inline(never)]
fn library_copied(pool: &Pool<'_>, from: &[u8]) -> Result {
    let mut buffer = CpuBuffer::take(pool, from.len())?;

    buffer.copy_from_slice(from);
    drop(buffer.sync_for_device());
    Ok(())
}

pub(super) fn run(bench: &Bench<'_>) -> Result {
    let dev = bench.dev();
    let make = || Ok(Pages::zeroed(ORDER, GFP_KERNEL)?);

    let pool = BufferPool::new(dev, 4, ToDevice, make)?;
    let kept = Operation::new("kept", FRAME, 1);
    bench.series(kept, By::Library, (), |()| library_kept(&pool))?;

    let from = Pages::zeroed(ORDER, GFP_KERNEL)?;
    for size in [64, 256, 1024, 4096, 16 << 10, 64 << 10] {
        let from = from.get(..size).ok_or(EINVAL)?;
        let copied = Operation::new("copied", size, 1);

        bench.series(copied, By::Library, (), |()| library_copied(&pool, from))?;
    }
    Ok(())
}
