// SPDX-License-Identifier: GPL-2.0

//! The scatter-gather table of coherent memory.

use super::coherent_place;
use crate::selftest::{
    prelude::*,
    sg, //
};

pub(super) const PLAN: usize = 2;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let result = check(ctx, suite, DMA_ATTR_NO_WARN);
    suite.result(fmt!("table default"), result);

    let result = check(ctx, suite, DMA_ATTR_FORCE_CONTIGUOUS);
    suite.result(fmt!("table contiguous"), result);
}

/// Checks that the pieces of the table are exactly the memory.
fn check(ctx: &Context<'_>, suite: &Suite<'_>, attrs: Attrs) -> Result<Evidence, Stop> {
    /// Not a multiple of the page size, as that of the table is.
    const SIZE: usize = 17 * PAGE_SIZE + 100;

    let memory = CoherentMemory::<[u8]>::zeroed_slice_with_attrs(ctx.dev, SIZE, GFP_KERNEL, attrs)?;
    let table = memory.sg_table()?;
    suite.note(fmt!("pieces {}", table.pieces().count()));

    if table.pieces().map(|piece| piece.len()).sum::<usize>() != SIZE {
        return fail("the table has another size than the memory");
    }
    for offset in (0..SIZE).step_by(100) {
        if sg::phys_at(table.pieces(), offset) != phys_at(&memory, offset) {
            return fail("the table has other pages than the CPU");
        }
    }

    drop(table);
    let (place, witness) = coherent_place(ctx, &memory)?;
    drop(memory);
    place.unmapped(ctx)?;

    let witnesses = ["page table of the CPU", witness];
    Ok(place.evidence("dma_get_sgtable_attrs", witnesses))
}
