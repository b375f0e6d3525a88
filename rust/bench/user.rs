// SPDX-License-Identifier: GPL-2.0

//! Pages of a process, pinned for a device that writes them.

use super::{
    by_hand_others::UserMemory,
    prelude::*, //
};
use crate::dma::{
    FromDevice,
    Limits,
    PinDuration::ShortTerm,
    SgMapping,
    UserPages, //
};

const PAGES: u32 = 16;

#[inline(never)]
fn library_user(limits: &Limits<'_>, memory: &UserMemory) -> Result {
    let pages = UserPages::pin(memory.start(), memory.size(), FromDevice, ShortTerm)?;

    drop(SgMapping::map(limits, pages, FromDevice, GFP_KERNEL)?);
    Ok(())
}

pub(super) fn run(bench: &Bench<'_>) -> Result {
    let dev = bench.dev();
    let limits = Limits::new(dev);
    // CAST: A small constant.
    let operation = Operation::new("user", PAGE_SIZE, PAGES as usize);
    let memory = UserMemory::new(PAGES)?;

    bench.series(operation, By::Hand, (), |()| memory.map(dev))?;
    bench.series(operation, By::Library, (), |()| {
        library_user(&limits, &memory)
    })
}
