// SPDX-License-Identifier: GPL-2.0

//! The scatter-gather table of coherent memory.

use crate::{
    dma::coherent::CoherentMemory,
    selftest::{
        evidence::{
            Evidence,
            Failure,
            Stop, //
        },
        ktap::Suite,
        sg,
        Context, //
    }, //
    testdev::addresses::{phys_at, Number},
};
use kernel::{
    dma::{
        attrs::*,
        Attrs,
        DataDirection, //
    },
    page::PAGE_SIZE,
    prelude::*, //
};

pub(super) const PLAN: usize = 2;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let result = check(ctx, suite, DMA_ATTR_NO_WARN);
    suite.result(fmt!("table default"), result);

    let result = check(ctx, suite, DMA_ATTR_FORCE_CONTIGUOUS);
    suite.result(fmt!("table contiguous"), result);
}

/// The pieces of the table are the memory, no more and no less.
fn check(ctx: &Context<'_>, suite: &Suite<'_>, attrs: Attrs) -> Result<Evidence, Stop> {
    /// Not of whole pages, which the table is.
    const SIZE: usize = 17 * PAGE_SIZE + 100;

    let memory = CoherentMemory::<[u8]>::zeroed_slice_with_attrs(ctx.dev, SIZE, GFP_KERNEL, attrs)?;
    let table = memory.sg_table()?;
    suite.note(fmt!("pieces {}", table.pieces().count()));

    if table.pieces().map(|piece| piece.len()).sum::<usize>() != SIZE {
        return Err(Failure::Unexpected("the table has another size than the memory").into());
    }
    for offset in (0..SIZE).step_by(100) {
        if sg::phys_at(table.pieces(), offset) != phys_at(&memory, offset) {
            return Err(Failure::Unexpected("the table has other pages than the CPU").into());
        }
    }

    let dma = memory.span().number();
    let phys = |offset| sg::phys_at(table.pieces(), offset).unwrap_or(0);
    let first = phys(0);
    let witness = ctx
        .witness
        .mapped(dma, SIZE, DataDirection::Bidirectional, &phys)?;

    drop(table);
    drop(memory);
    ctx.witness.unmapped(dma, SIZE)?;

    Ok(Evidence {
        operation: "dma_get_sgtable_attrs",
        direction: DataDirection::Bidirectional,
        size: SIZE,
        phys: first,
        dma,
        witnesses: ["page table of the CPU", witness],
    })
}
