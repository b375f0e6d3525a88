// SPDX-License-Identifier: GPL-2.0

//! Coherent memory: the CPU and the device see the same bytes.

mod paths;
mod shared;
mod table;

use super::{
    evidence::{
        Evidence,
        Failure,
        Stop, //
    },
    ktap::Suite,
    pattern,
    scratch::{
        JOB,
        TIMEOUT, //
    },
    Context, //
};
use crate::{
    dma::{
        coherent::CoherentMemory,
        transfer::Transfer, //
    },
    testdev::addresses::{phys_at, Number},
    testdev::edu::BUFFER_SIZE, //
};
use core::ops::Range;
use kernel::{
    dma::DmaAddress,
    dma::{
        DataDirection, //
    },
    io::{
        io_write,
        Io, //
    },
    page::PAGE_SIZE,
    prelude::*, //
};

const SIZES: [usize; 2] = [4096, 16384];

pub(super) const PLAN: usize = SIZES.len() + paths::PLAN + table::PLAN + shared::PLAN;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    for size in SIZES {
        let result = round_trip(ctx, suite, size);
        suite.result(fmt!("bidirectional {}", size), result);
    }
    paths::run(ctx, suite);
    table::run(ctx, suite);
    shared::run(ctx, suite);
}

/// The CPU writes, the device reads and writes back, the CPU compares.
fn round_trip(ctx: &Context<'_>, suite: &Suite<'_>, size: usize) -> Result<Evidence, Stop> {
    const SEED: u32 = 1;

    let mut bytes = KVec::from_elem(0u8, size, GFP_KERNEL)?;
    pattern::fill(&mut bytes, SEED, 0);

    let mut memory = CoherentMemory::from_slice(ctx.dev, &bytes, GFP_KERNEL)?;
    let dma = memory.span().number();

    for page in (0..size).step_by(PAGE_SIZE) {
        suite.note(fmt!(
            "page {}: virtual {:p}, physical {:#x}, DMA {:#x}",
            page / PAGE_SIZE,
            memory.as_ptr().cast::<u8>().wrapping_add(page),
            phys_at(&memory, page).ok_or(EFAULT)?,
            dma.wrapping_add(page as DmaAddress),
        ));
    }

    let beyond = Failure::Unexpected("there is memory beyond the end of the allocation");
    if phys_at(&memory, size).is_some() {
        return Err(beyond.into());
    }
    // Within the allocation by the check above; 0 would be reported as a wrong translation.
    let phys = |offset| phys_at(&memory, offset).unwrap_or(0);
    let witness = ctx
        .witness
        .mapped(dma, size, DataDirection::Bidirectional, &phys)?;
    let first = phys(0);

    if let Some(edu) = ctx.edu {
        for start in (0..size).step_by(BUFFER_SIZE) {
            let chunk = start..size.min(start + BUFFER_SIZE);

            memory = Transfer::read(edu, memory, chunk.clone(), JOB)?.wait(TIMEOUT)?;

            // Only what the device writes back can be the pattern.
            overwrite(&memory, chunk.clone())?;

            memory = Transfer::write(edu, memory, chunk, JOB)?.wait(TIMEOUT)?;
        }
    }

    bytes.fill(0);
    memory.copy_to_slice(&mut bytes);
    pattern::compare(&bytes, SEED, 0)?;

    drop(memory);
    ctx.witness.unmapped(dma, size)?;

    Ok(Evidence {
        operation: "dma_alloc_coherent",
        direction: DataDirection::Bidirectional,
        size,
        phys: first,
        dma,
        witnesses: [ctx.moved("round trip"), witness],
    })
}

/// Fills a part of the memory with zeroes.
fn overwrite(memory: &CoherentMemory<'_, [u8]>, range: Range<usize>) -> Result {
    for i in range {
        io_write!(memory, [try: i], 0);
    }

    Ok(())
}
