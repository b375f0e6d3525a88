// SPDX-License-Identifier: GPL-2.0

//! Mappings that the CPU owns as values: the data that the CPU and the device see, and the unmap.
//!
//! With bounce buffers these checks detect a missing sync, and also a redundant one, which
//! overwrites the data of the CPU.

use super::{
    pages::used,
    prelude::*,
    sg::{
        buffers,
        merged,
        Bytes, //
    },
    sync::{
        window,
        Subject,
        SIZE, //
    }, //
};
use crate::dma::{
    CpuOwned,
    SyncForCpu,
    VmappedPages, //
};
use core::ops::DerefMut;

const SYNCS: &str = "dma_sync_single_for_cpu, dma_sync_single_for_device";
const LIST_SYNCS: &str = "dma_sync_sgtable_for_cpu, dma_sync_sgtable_for_device";
/// The operation and the evidence of a check without a transfer.
const UNMAP: [&str; 2] = ["dma_unmap_single", "content"];
const DROP: [&str; 2] = ["dma_unmap_single", "address"];

const ROUNDS: u32 = 4;
/// The pattern that the CPU writes before it unmaps.
const LAST: u32 = 4;
/// The number of mappings that the CPU owns at the same time.
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

/// Writes data, and lets the device read it.
fn to_device(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, ToDevice, no_attrs())?;
    let mut owned = subject.mapping.into_cpu();
    let mut seen = [0; 64];

    for round in 0..ROUNDS {
        let range = window(round);
        pattern::fill(&mut owned, round, 0);

        let mapping = Transfer::to_device(
            ctx.edu()?.channel(),
            owned.into_device(),
            range.clone(),
            JOB,
        )?
        .wait(TIMEOUT)?;
        fetch(ctx, &mut seen)?;
        pattern::compare(&seen, round, range.start)?;
        owned = mapping.into_cpu();
    }

    subject.mapping = owned.into_device();
    subject.end(ctx, SYNCS)
}

/// Lets the device write data, and reads it.
fn from_device(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, FromDevice, no_attrs())?;
    let mut data = [0; 64];

    for round in 0..ROUNDS {
        let range = window(round);
        pattern::fill(&mut data, round, range.start);
        load(ctx, &data)?;

        let mapping =
            Transfer::from_device(ctx.edu()?.channel(), subject.mapping, range.clone(), JOB)?
                .wait(TIMEOUT)?;
        let owned = mapping.into_cpu();
        pattern::compare(&owned[range.clone()], round, range.start)?;
        subject.mapping = owned.into_device();
    }

    subject.end(ctx, SYNCS)
}

fn bidirectional(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, Bidirectional, no_attrs())?;

    subject.mapping = rounds(ctx, subject.mapping, Mapping::into_cpu)?;
    subject.end(ctx, SYNCS)
}

fn contiguous(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pages = DevicePages::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?;

    Ok(Evidence {
        operation: SYNCS,
        ..used(ctx, pages, SIZE, |pages| {
            rounds(ctx, pages, DevicePages::into_cpu)
        })?
    })
}

fn noncontiguous(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pages = NoncontiguousPages::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?.vmap()?;

    Ok(Evidence {
        operation: LIST_SYNCS,
        ..used(ctx, pages, SIZE, |pages| {
            rounds(ctx, pages, VmappedPages::into_cpu)
        })?
    })
}

/// Syncs memory between the CPU and the device over several transfers.
fn rounds<M>(ctx: &Context<'_>, memory: M, into_cpu: impl Fn(M) -> CpuOwned<M>) -> Result<M, Stop>
where
    M: SyncForCpu + Memory<Direction = Bidirectional>,
    CpuOwned<M>: DerefMut<Target = [u8]>,
{
    let mut owned = into_cpu(memory);

    // The check needs transfers.
    ctx.edu()?;
    for round in 0..ROUNDS {
        // Another part of the pattern in each round. CAST: A small number.
        let offset = round as usize * SIZE;
        let range = window(round);
        pattern::fill(&mut owned, DATA, offset);

        let memory = Bidirectional::through(ctx, owned.into_device(), range.clone(), offset)?;

        owned = into_cpu(memory);
        // The transferred bytes, and those around them.
        pattern::compare(&owned[..range.start], DATA, offset)?;
        pattern::compare(&owned[range.clone()], OTHER, offset + range.start)?;
        pattern::compare(&owned[range.end..], DATA, offset + range.end)?;
    }

    Ok(owned.into_device())
}

/// Syncs and transfers a whole list in the same way.
fn pieces(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    ctx.edu()?;
    let mapping = SgMapping::map(ctx.dev, buffers()?, Bidirectional, GFP_KERNEL)?;
    let merged = merged::check(ctx, &mapping)?;
    let mut owned = mapping.into_cpu();
    let len = owned.size();
    let mut bytes = KVec::from_elem(0u8, len, GFP_KERNEL)?;

    for seed in [DATA, LAST] {
        pattern::fill(&mut bytes, DATA, 0);
        owned.write(0, &bytes)?;
        owned = super::sg::through(ctx, owned.into_device())?.into_cpu();

        // From an offset, and across pieces.
        owned.read(900, &mut bytes[900..])?;
        pattern::compare(&bytes[900..], OTHER, 900)?;
        pattern::fill(&mut bytes, seed, 0);
        owned.write(0, &bytes)?;
    }
    if owned.write(1, &bytes) != Err(EINVAL) || owned.read(len, &mut [0]) != Err(EINVAL) {
        return fail("bytes beyond the end were copied");
    }

    // The device owns the memory again, so that the unmap syncs nothing from the CPU.
    owned.into_device().unmap().compare(LAST)?;
    merged.unmapped(ctx)?;
    Ok(
        "dma_sync_sgtable_for_cpu, dma_sync_sgtable_for_device, sg_pcopy_to_buffer, \
         sg_pcopy_from_buffer witness: round trip",
    )
}

/// Owns several mappings at once, and returns them to the device in another order.
fn several(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut all = KVec::with_capacity(COUNT, GFP_KERNEL)?;
    let mut seen = [0; 64];

    for seed in 0..COUNT {
        let Subject { mapping, place, .. } = Subject::new(ctx, ToDevice, no_attrs())?;
        let mut owned = mapping.into_cpu();

        // CAST: A small number.
        pattern::fill(&mut owned, seed as u32, 0);
        all.push((owned, place), GFP_KERNEL)?;
    }
    while let Some((owned, place)) = all.pop() {
        // CAST: A small number.
        let seed = all.len() as u32;
        let range = window(seed);

        drop(
            Transfer::to_device(
                ctx.edu()?.channel(),
                owned.into_device(),
                range.clone(),
                JOB,
            )?
            .wait(TIMEOUT)?,
        );
        place.unmapped(ctx)?;
        fetch(ctx, &mut seen)?;
        pattern::compare(&seen, seed, range.start)?;
    }
    Ok("dma_sync_single_for_device to_device witness: 3 mappings, round trip")
}

/// Unmaps after a write by the CPU, without a transfer.
fn to_device_unmapped(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    Subject::new(ctx, ToDevice, no_attrs())?.end_by(ctx, UNMAP, |mapping| {
        let mut owned = mapping.into_cpu();

        pattern::fill(&mut owned, LAST, 0);
        Ok(pattern::compare(&owned.unmap(), LAST, 0)?)
    })
}

/// Unmaps after a write by the device.
fn from_device_unmapped(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    ctx.edu()?;
    let mut subject = Subject::new(ctx, FromDevice, no_attrs())?;

    subject.mapping = FromDevice::through(ctx, subject.mapping, 0..SIZE, 0)?;
    subject.end_by(ctx, ["dma_unmap_single", "round trip"], |mapping| {
        let owned = mapping.into_cpu();

        pattern::compare(&owned, DATA, 0)?;
        Ok(pattern::compare(&owned.unmap(), DATA, 0)?)
    })
}

/// Unmaps after a write by the device and then one by the CPU.
fn bidirectional_unmapped(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    ctx.edu()?;
    let mut subject = Subject::new(ctx, Bidirectional, no_attrs())?;

    pattern::fill(&mut subject.mapping.sync_for_cpu(), DATA, 0);
    subject.mapping = Bidirectional::through(ctx, subject.mapping, 0..SIZE, 0)?;
    subject.end_by(ctx, ["dma_unmap_single", "round trip"], |mapping| {
        let mut owned = mapping.into_cpu();

        pattern::compare(&owned, OTHER, 0)?;
        pattern::fill(&mut owned, LAST, 0);
        Ok(pattern::compare(&owned.unmap(), LAST, 0)?)
    })
}

/// Unmaps a list after writes by the device and the CPU.
fn pieces_unmapped(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    ctx.edu()?;
    let mut memory = buffers()?;
    memory.fill(DATA);
    let mapping = SgMapping::map(ctx.dev, memory, Bidirectional, GFP_KERNEL)?;
    let merged = merged::check(ctx, &mapping)?;

    let mut owned = super::sg::through(ctx, mapping)?.into_cpu();
    let mut bytes = KVec::from_elem(0u8, owned.size(), GFP_KERNEL)?;
    owned.read(0, &mut bytes)?;
    pattern::compare(&bytes, OTHER, 0)?;
    pattern::fill(&mut bytes, LAST, 0);
    owned.write(0, &bytes)?;

    owned.unmap().compare(LAST)?;
    merged.unmapped(ctx)?;
    Ok("dma_unmap_sgtable witness: round trip, bytes across entries")
}

fn dropped(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    Subject::new(ctx, Bidirectional, no_attrs())?.end_by(ctx, DROP, |mapping| {
        let mut owned = mapping.into_cpu();

        pattern::fill(&mut owned, LAST, 0);
        drop(owned);
        Ok(())
    })
}
