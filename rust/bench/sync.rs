// SPDX-License-Identifier: GPL-2.0

//! Syncs of mapped memory, and mappings beside many others.

use super::{
    by_hand::pages,
    prelude::*,
    streaming::library_page, //
};

/// The sizes of a partial sync, and of the mapping.
const PART: usize = 256;
const WHOLE: usize = 4096;

type Mapped<'a> = Mapping<'a, KVec<u8>, Bidirectional>;

#[inline(never)]
fn library_sync(mapping: &mut Mapped<'_>) -> Result {
    drop(mapping.sync_for_cpu());
    Ok(())
}

#[inline(never)]
fn library_sync_part(mapping: &mut Mapped<'_>) -> Result {
    drop(mapping.sync_range_for_cpu(PART..2 * PART)?);
    Ok(())
}

/// Counts a sync for the CPU and one for the device.
fn syncs(bench: &Bench<'_>) -> Result {
    let dev = bench.dev();
    let whole = Operation::new("sync", WHOLE, 1);
    let part = Operation::new("sync_part", PART, 1);

    let mapping = by_hand::Mapped::<WHOLE>::new::<Bidirectional>(dev)?;
    bench.series(whole, By::Hand, (), |()| mapping.sync(0, WHOLE))?;
    bench.series(part, By::Hand, (), |()| mapping.sync(PART, PART))?;
    drop(mapping);

    let mut mapping = Mapping::map(dev, KVec::from_elem(0u8, WHOLE, GFP_KERNEL)?, Bidirectional)?;
    bench.series(whole, By::Library, &mut mapping, |mapping| {
        library_sync(mapping)?;
        Ok(mapping)
    })?;
    bench.series(part, By::Library, &mut mapping, |mapping| {
        library_sync_part(mapping)?;
        Ok(mapping)
    })
}

/// Counts map and unmap of a page beside `count` other mappings.
fn beside(bench: &Bench<'_>, count: usize) -> Result {
    let dev = bench.dev();
    let operation = Operation::new("beside", PAGE_SIZE, count);
    let mut others = KVec::with_capacity(count, GFP_KERNEL)?;

    for page in pages(count)? {
        match Mapping::map(dev, page, ToDevice) {
            Ok(mapping) => others.push(mapping, GFP_KERNEL)?,
            // The bounce buffers are used up.
            Err(_) => {
                bench.impossible(operation);
                return Ok(());
            }
        }
    }

    bench.series(operation, By::Hand, memory::<PAGE_SIZE>()?, |memory| {
        by_hand::single::<ToDevice, PAGE_SIZE>(dev, memory)
    })?;
    bench.series(
        operation,
        By::Library,
        Pages::zeroed(0, GFP_KERNEL)?,
        |pages| library_page(dev, pages),
    )
}

pub(super) fn run(bench: &Bench<'_>) -> Result {
    syncs(bench)?;
    for count in [16, 256, 1024, 4096, 16384] {
        beside(bench, count)?;
    }
    Ok(())
}
