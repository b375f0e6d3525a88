// SPDX-License-Identifier: GPL-2.0

//! Coherent memory.

mod paths;
mod refused;

use super::prelude::*;
use kernel::io::io_write;

const SIZES: [usize; 2] = [4096, 16384];

pub(super) const PLAN: usize = SIZES.len() + paths::PLAN + 1;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    for size in SIZES {
        let result = round_trip(ctx, suite, size);
        suite.result(fmt!("bidirectional {}", size), result);
    }
    paths::run(ctx, suite);
    suite.result(fmt!("shared refused"), refused::refused(ctx));
}

/// Writes data, lets the device read it and write it back, and compares it.
fn round_trip(ctx: &Context<'_>, suite: &Suite<'_>, size: usize) -> Result<Evidence, Stop> {
    const SEED: u32 = 1;

    let mut bytes = KVec::from_elem(0u8, size, GFP_KERNEL)?;
    pattern::fill(&mut bytes, SEED, 0);

    let mut memory = CoherentMemory::from_slice(ctx.dev, &bytes, GFP_KERNEL)?;

    for page in (0..size).step_by(PAGE_SIZE) {
        suite.note(fmt!(
            "page {}: virtual {:p}, physical {:#x}, DMA {:#x}",
            page / PAGE_SIZE,
            memory.as_ptr().cast::<u8>().wrapping_add(page),
            phys_at(&memory, page).ok_or(EFAULT)?,
            memory.range().number().wrapping_add(page as DmaAddress),
        ));
    }

    if phys_at(&memory, size).is_some() {
        return fail("there is memory beyond the end of the allocation");
    }
    let (place, witness) = coherent_place(ctx, &memory)?;

    if let Some(edu) = ctx.edu {
        for start in (0..size).step_by(BUFFER_SIZE) {
            let chunk = start..size.min(start + BUFFER_SIZE);

            memory =
                Transfer::to_device(edu.channel(), memory, chunk.clone(), JOB)?.wait(TIMEOUT)?;

            // Now only the device has the pattern.
            overwrite(&memory, chunk.clone())?;

            memory = Transfer::from_device(edu.channel(), memory, chunk, JOB)?.wait(TIMEOUT)?;
        }
    }

    bytes.fill(0);
    memory.copy_to_slice(&mut bytes);
    pattern::compare(&bytes, SEED, 0)?;

    drop(memory);
    place.unmapped(ctx)?;

    Ok(place.evidence("dma_alloc_coherent", [ctx.moved("round trip"), witness]))
}

/// Checks the DMA addresses of coherent memory; returns its place and the evidence.
fn coherent_place(
    ctx: &Context<'_>,
    memory: &CoherentMemory<'_, [u8]>,
) -> Result<(Place, &'static str), Stop> {
    // Beyond the end, 0 fails the comparison.
    let phys = |offset| phys_at(memory, offset).unwrap_or(0);
    let place = Place::unbounced(memory, phys(0));
    let witness = ctx
        .iommu
        .mapped(place.dma, place.size, place.direction, &phys)?;

    Ok((place, witness))
}

/// Fills a part of the memory with zeroes.
fn overwrite(memory: &CoherentMemory<'_, [u8]>, range: Range<usize>) -> Result {
    for i in range {
        io_write!(memory, [try: i], 0);
    }

    Ok(())
}
