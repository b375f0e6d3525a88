// SPDX-License-Identifier: GPL-2.0

//! Memory in pieces: scattered pages, and contiguous ones.

use super::{
    by_hand::{
        row,
        scattered,
        PageList, //
    },
    prelude::*, //
};
use crate::dma::{
    IovaMapping,
    Limits,
    SgMapping, //
};

#[inline(never)]
fn library_sg(limits: &Limits<'_>, pages: KVec<Pages>) -> Result<KVec<Pages>> {
    Ok(SgMapping::map(limits, pages, ToDevice, GFP_KERNEL)?.unmap())
}

#[inline(never)]
fn library_iova(dev: &Device<Bound>, pages: KVec<Pages>) -> Result<KVec<Pages>> {
    Ok(IovaMapping::map(dev, pages, ToDevice, GFP_KERNEL)?.unmap())
}

/// Counts operations on `count` pages that are not adjacent.
fn scattered_pages(bench: &Bench<'_>, count: usize) -> Result {
    let dev = bench.dev();
    let limits = Limits::new(dev);
    let sg = Operation::new("sg", PAGE_SIZE, count);
    let plain = Operation::new("sg_plain", PAGE_SIZE, count);
    let iova = Operation::new("iova", PAGE_SIZE, count);

    let list = PageList::new(scattered(count)?)?;
    bench.series(sg, By::Hand, (), |()| by_hand::sg_joined(dev, &list))?;
    bench.series(plain, By::Hand, (), |()| by_hand::sg(dev, &list))?;
    bench.series(iova, By::Hand, (), |()| by_hand::iova(dev, &list))?;
    drop(list);

    for operation in [sg, plain] {
        bench.series(operation, By::Library, scattered(count)?, |pages| {
            library_sg(&limits, pages)
        })?;
    }
    bench.series(iova, By::Library, scattered(count)?, |pages| {
        library_iova(dev, pages)
    })
}

/// Counts operations on `count` contiguous pages, in as few entries as the segment size allows.
fn rows(bench: &Bench<'_>, count: usize) -> Result {
    let dev = bench.dev();
    let limits = Limits::new(dev);
    let operation = Operation::new("sg_rows", PAGE_SIZE, count);

    let list = PageList::new(row(count)?)?;
    bench.series(operation, By::Hand, (), |()| by_hand::sg_joined(dev, &list))?;
    drop(list);
    bench.series(operation, By::Library, row(count)?, |pages| {
        library_sg(&limits, pages)
    })
}

pub(super) fn run(bench: &Bench<'_>) -> Result {
    // Contiguous pages first, before the free pages are fragmented.
    rows(bench, 16)?;
    rows(bench, 256)?;
    for count in [1, 16, 256] {
        scattered_pages(bench, count)?;
    }
    Ok(())
}
