// SPDX-License-Identifier: GPL-2.0

//! The CPU's turn as a value of its own: what the CPU sees in it, what the device sees after it, and that
//! it can end with the mapping.
//!
//! Where the device has a copy of the memory, in a bounce buffer, a sync that is missing is seen, and so is
//! one too many: what the CPU wrote is gone then.

use super::{
    evidence::{
        Evidence,
        Failure,
        Stop, //
    },
    ktap::Suite,
    moves::{
        Moves,
        DATA,
        OTHER, //
    },
    pages::used,
    pattern,
    scratch::{
        fetch,
        load,
        JOB,
        TIMEOUT, //
    },
    sg::{
        buffers,
        merged,
        Bytes, //
    },
    sync::{
        plain,
        window,
        Subject,
        SIZE, //
    },
    Context, //
};
use crate::dma::{
    direction::{
        Bidirectional,
        FromDevice,
        ToDevice, //
    },
    pages::{
        DevicePages,
        NoncontiguousPages, //
    },
    sg::SgMapping,
    transfer::{
        DeviceMemory,
        Transfer, //
    },
    turn::{
        CpuTurn,
        Turns, //
    }, //
};
use core::ops::DerefMut;
use kernel::prelude::*;

const SYNCS: &str = "dma_sync_single_for_cpu, dma_sync_single_for_device";
const LIST_SYNCS: &str = "dma_sync_sgtable_for_cpu, dma_sync_sgtable_for_device";
/// No device has had the memory.
const UNMAP: [&str; 2] = ["dma_unmap_single", "content"];
const DROP: [&str; 2] = ["dma_unmap_single", "address"];

const ROUNDS: u32 = 4;
/// What the CPU writes in a turn that ends with the mapping.
const LAST: u32 = 4;
/// How many are the CPU's at once.
const COUNT: usize = 3;

pub(super) const PLAN: usize = 12;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("to_device rounds"), to_device(ctx));
    suite.result(fmt!("from_device rounds"), from_device(ctx));
    suite.result(fmt!("bidirectional rounds"), bidirectional(ctx));
    suite.result(fmt!("contiguous pages rounds"), contiguous(ctx));
    suite.result(fmt!("noncontiguous pages rounds"), noncontiguous(ctx));
    suite.result(fmt!("pieces rounds"), pieces(ctx));
    suite.result(fmt!("several at once"), several(ctx));
    suite.result(fmt!("to_device unmapped"), to_device_unmapped(ctx));
    suite.result(fmt!("from_device unmapped"), from_device_unmapped(ctx));
    suite.result(fmt!("bidirectional unmapped"), bidirectional_unmapped(ctx));
    suite.result(fmt!("pieces unmapped"), pieces_unmapped(ctx));
    suite.result(fmt!("dropped"), dropped(ctx));
}

/// The CPU writes, the device reads.
fn to_device(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, ToDevice, plain())?;
    let mut turn = subject.mapping.into_cpu();
    let mut seen = [0; 64];

    for round in 0..ROUNDS {
        let range = window(round);
        pattern::fill(&mut turn, round, 0);

        let mapping =
            Transfer::read(ctx.edu()?, turn.into_device(), range.clone(), JOB)?.wait(TIMEOUT)?;
        fetch(ctx, &mut seen)?;
        pattern::compare(&seen, round, range.start)?;
        turn = mapping.into_cpu();
    }

    subject.mapping = turn.into_device();
    subject.end(ctx, SYNCS)
}

/// The device writes, the CPU reads.
fn from_device(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, FromDevice, plain())?;
    let mut data = [0; 64];

    for round in 0..ROUNDS {
        let range = window(round);
        pattern::fill(&mut data, round, range.start);
        load(ctx, &data)?;

        let mapping =
            Transfer::write(ctx.edu()?, subject.mapping, range.clone(), JOB)?.wait(TIMEOUT)?;
        let turn = mapping.into_cpu();
        pattern::compare(&turn[range.clone()], round, range.start)?;
        subject.mapping = turn.into_device();
    }

    subject.end(ctx, SYNCS)
}

fn bidirectional(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, Bidirectional, plain())?;

    subject.mapping = rounds(ctx, subject.mapping)?;
    subject.end(ctx, SYNCS)
}

fn contiguous(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pages = DevicePages::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?;

    Ok(Evidence {
        operation: SYNCS,
        ..used(ctx, pages, SIZE, |pages| rounds(ctx, pages))?
    })
}

fn noncontiguous(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pages = NoncontiguousPages::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?.vmap()?;

    Ok(Evidence {
        operation: LIST_SYNCS,
        ..used(ctx, pages, SIZE, |pages| rounds(ctx, pages))?
    })
}

/// The CPU and the device take turns with the same memory; what is between two of them is a value.
fn rounds<M>(ctx: &Context<'_>, memory: M) -> Result<M, Stop>
where
    M: Turns + DeviceMemory<Direction = Bidirectional>,
    CpuTurn<M>: DerefMut<Target = [u8]>,
{
    let mut turn = CpuTurn::begin(memory);

    // Without data that is moved there is nothing to see.
    ctx.edu()?;
    for round in 0..ROUNDS {
        // Another part of the pattern each time. CAST: A small number.
        let offset = round as usize * SIZE;
        let range = window(round);
        pattern::fill(&mut turn, DATA, offset);

        let memory = Bidirectional::through(ctx, turn.into_device(), range.clone(), offset)?;

        turn = CpuTurn::begin(memory);
        // What was moved, and what was around it.
        pattern::compare(&turn[..range.start], DATA, offset)?;
        pattern::compare(&turn[range.clone()], OTHER, offset + range.start)?;
        pattern::compare(&turn[range.end..], DATA, offset + range.end)?;
    }

    Ok(turn.into_device())
}

/// The same for memory in pieces, all of which is moved.
fn pieces(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    ctx.edu()?;
    let mapping = SgMapping::map(ctx.dev, buffers()?, Bidirectional, GFP_KERNEL)?;
    merged::look_at(ctx, &mapping)?;
    let spans = merged::spans(&mapping)?;
    let mut turn = mapping.into_cpu();
    let len = turn.len();
    let mut bytes = KVec::from_elem(0u8, len, GFP_KERNEL)?;

    for seed in [DATA, LAST] {
        pattern::fill(&mut bytes, DATA, 0);
        turn.write(0, &bytes)?;
        turn = super::sg::through(ctx, turn.into_device())?.into_cpu();

        // Across the borders of the pieces, and not from the start.
        turn.read(900, &mut bytes[900..])?;
        pattern::compare(&bytes[900..], OTHER, 900)?;
        pattern::fill(&mut bytes, seed, 0);
        turn.write(0, &bytes)?;
    }
    if turn.write(1, &bytes) != Err(EINVAL) || turn.read(len, &mut [0]) != Err(EINVAL) {
        return Err(Failure::Unexpected("bytes beyond the end were copied").into());
    }

    // As the device's, so that it is the turn's end that counts.
    turn.into_device().unmap().compare(LAST)?;
    for (dma, len) in spans {
        ctx.witness.unmapped(dma, len)?;
    }
    Ok(
        "dma_sync_sgtable_for_cpu, dma_sync_sgtable_for_device, sg_pcopy_to_buffer, \
         sg_pcopy_from_buffer witness: round trip",
    )
}

/// Several mappings are the CPU's at once, and the device gets them in another order.
fn several(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut turns = KVec::with_capacity(COUNT, GFP_KERNEL)?;
    let mut seen = [0; 64];

    for seed in 0..COUNT {
        let Subject { mapping, dma, .. } = Subject::new(ctx, ToDevice, plain())?;
        let mut turn = mapping.into_cpu();

        // CAST: A small number.
        pattern::fill(&mut turn, seed as u32, 0);
        turns.push((turn, dma), GFP_KERNEL)?;
    }
    while let Some((turn, dma)) = turns.pop() {
        // CAST: A small number.
        let seed = turns.len() as u32;
        let range = window(seed);

        drop(Transfer::read(ctx.edu()?, turn.into_device(), range.clone(), JOB)?.wait(TIMEOUT)?);
        ctx.witness.unmapped(dma, SIZE)?;
        fetch(ctx, &mut seen)?;
        pattern::compare(&seen, seed, range.start)?;
    }
    Ok("dma_sync_single_for_device to_device witness: 3 mappings, round trip")
}

/// The buffer has what the CPU has written, which no device was ever given.
fn to_device_unmapped(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    Subject::new(ctx, ToDevice, plain())?.end_by(ctx, UNMAP, |mapping| {
        let mut turn = mapping.into_cpu();

        pattern::fill(&mut turn, LAST, 0);
        Ok(pattern::compare(&turn.unmap(), LAST, 0)?)
    })
}

/// The buffer has what the device has written.
fn from_device_unmapped(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    ctx.edu()?;
    let mut subject = Subject::new(ctx, FromDevice, plain())?;

    subject.mapping = FromDevice::through(ctx, subject.mapping, 0..SIZE, 0)?;
    subject.end_by(ctx, ["dma_unmap_single", "round trip"], |mapping| {
        let turn = mapping.into_cpu();

        pattern::compare(&turn, DATA, 0)?;
        Ok(pattern::compare(&turn.unmap(), DATA, 0)?)
    })
}

/// The buffer has what the CPU has written after the device had written to it.
fn bidirectional_unmapped(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    ctx.edu()?;
    let mut subject = Subject::new(ctx, Bidirectional, plain())?;

    pattern::fill(&mut subject.mapping.sync_for_cpu(), DATA, 0);
    subject.mapping = Bidirectional::through(ctx, subject.mapping, 0..SIZE, 0)?;
    subject.end_by(ctx, ["dma_unmap_single", "round trip"], |mapping| {
        let mut turn = mapping.into_cpu();

        pattern::compare(&turn, OTHER, 0)?;
        pattern::fill(&mut turn, LAST, 0);
        Ok(pattern::compare(&turn.unmap(), LAST, 0)?)
    })
}

/// The same for memory in pieces.
fn pieces_unmapped(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    ctx.edu()?;
    let mut memory = buffers()?;
    memory.fill(DATA);
    let mapping = SgMapping::map(ctx.dev, memory, Bidirectional, GFP_KERNEL)?;
    merged::look_at(ctx, &mapping)?;
    let spans = merged::spans(&mapping)?;

    let mut turn = super::sg::through(ctx, mapping)?.into_cpu();
    let mut bytes = KVec::from_elem(0u8, turn.len(), GFP_KERNEL)?;
    turn.read(0, &mut bytes)?;
    pattern::compare(&bytes, OTHER, 0)?;
    pattern::fill(&mut bytes, LAST, 0);
    turn.write(0, &bytes)?;

    turn.unmap().compare(LAST)?;
    for (dma, len) in spans {
        ctx.witness.unmapped(dma, len)?;
    }
    Ok("dma_unmap_sgtable witness: round trip, bytes across entries")
}

fn dropped(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    Subject::new(ctx, Bidirectional, plain())?.end_by(ctx, DROP, |mapping| {
        let mut turn = mapping.into_cpu();

        pattern::fill(&mut turn, LAST, 0);
        drop(turn);
        Ok(())
    })
}
