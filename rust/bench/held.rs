// SPDX-License-Identifier: GPL-2.0

//! The CPU's turns on memory that stays mapped, and what others that stay mapped cost a new one.

use super::{
    by_hand::{
        self,
        memory,
        pages, //
    },
    series::{
        Bench,
        By,
        Operation, //
    },
    streaming::library_page, //
};
use crate::dma::{
    buffer::Pages,
    direction::{
        Bidirectional,
        ToDevice, //
    },
    streaming::Mapping, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

/// How much is synced at once, and of how much.
const PART: usize = 256;
const WHOLE: usize = 4096;

type Held<'a> = Mapping<'a, KVec<u8>, Bidirectional>;

#[inline(never)]
fn library_sync(held: &mut Held<'_>) -> Result {
    drop(held.sync_for_cpu());
    Ok(())
}

#[inline(never)]
fn library_sync_part(held: &mut Held<'_>) -> Result {
    drop(held.sync_range_for_cpu(PART..2 * PART)?);
    Ok(())
}

/// A turn of the CPU: a sync for it, and one for the device.
fn turns(bench: &Bench<'_>) -> Result {
    let dev = bench.dev();
    let whole = Operation::new("sync", WHOLE, 1);
    let part = Operation::new("sync_part", PART, 1);

    let held = by_hand::Mapped::<WHOLE>::new::<Bidirectional>(dev)?;
    bench.series(whole, By::Hand, (), |()| held.sync(0, WHOLE))?;
    bench.series(part, By::Hand, (), |()| held.sync(PART, PART))?;
    drop(held);

    let mut held = Mapping::map(dev, KVec::from_elem(0u8, WHOLE, GFP_KERNEL)?, Bidirectional)?;
    bench.series(whole, By::Library, &mut held, |held| {
        library_sync(held)?;
        Ok(held)
    })?;
    bench.series(part, By::Library, &mut held, |held| {
        library_sync_part(held)?;
        Ok(held)
    })
}

/// A page, mapped and unmapped while `count` others are.
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
    turns(bench)?;
    for count in [16, 256, 1024, 4096, 16384] {
        beside(bench, count)?;
    }
    Ok(())
}
