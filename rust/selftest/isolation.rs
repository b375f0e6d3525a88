// SPDX-License-Identifier: GPL-2.0

//! What the device must not reach, asked for on purpose: the SMMU reports it, and no byte changes.
//!
//! Each access is of a few bytes. `edu` makes an access of its own of every four, and the SMMU reports
//! each one.

use super::{
    evidence::{
        Evidence,
        Failure,
        Stop, //
    },
    kmsg::Log,
    ktap::Suite,
    pattern,
    scratch::{
        load,
        JOB,
        TIMEOUT, //
    },
    Context, //
};
use crate::dma::{
    buffer::Pages,
    direction::{
        Direction,
        FromDevice,
        ToDevice, //
    },
    span::DeviceAddress,
    streaming::Mapping,
    transfer::{
        Engine,
        Progress, //
    }, //
};
use kernel::{
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

pub(super) const PLAN: usize = 3;

/// What is in memory, and what the device tries to put there.
const KEPT: u8 = 0xa5;
const INTRUDER: u8 = 0x3c;

/// How often an address is asked for before there is none with nothing behind it.
const TRIES: usize = 64;

/// One access of `edu`.
const WORD: usize = 4;

/// The SMMU driver prints no more than ten events in this time.
const RATE_LIMIT: Delta = Delta::from_millis(5100);

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("write after unmap"), after_unmap(ctx));
    suite.result(fmt!("write to a to_device mapping"), read_only(ctx));
    suite.result(fmt!("write past the end"), past_the_end(ctx));
}

fn needs_translation(ctx: &Context<'_>) -> Result<(), Stop> {
    if ctx.witness.translates() {
        Ok(())
    } else {
        Err(Stop::Skip("no IOMMU translates for the device"))
    }
}

/// A page full of [`KEPT`].
fn kept() -> Result<Pages, Stop> {
    let mut pages = Pages::zeroed(0, GFP_KERNEL)?;

    pages.fill(KEPT);
    Ok(pages)
}

/// Makes the device write `len` bytes at `addr`, of which those from `fault` on are not its to write,
/// and sees the SMMU report that.
///
/// # Safety
///
/// As for [`Edu::start`](crate::testdev::edu::Edu::start).
unsafe fn write_and_fault(
    ctx: &Context<'_>,
    addr: DeviceAddress,
    len: usize,
    fault: DeviceAddress,
    event: &'static str,
) -> Result<(), Stop> {
    let client = ctx.dev.name().to_str().map_err(|_| EINVAL)?;

    // The second try is for a report that was left out because too many came before it.
    for pause in [Some(RATE_LIMIT), None] {
        let mut log = Log::end();

        // SAFETY: By the caller's promise.
        let mut token = unsafe { ctx.edu.start(addr, len, JOB, true)? };
        // SAFETY: `token` is from that start, and waited for once.
        match unsafe { ctx.edu.wait(&mut token, TIMEOUT) } {
            Progress::Done => {}
            Progress::Failed(error) => return Err(error.into()),
            Progress::Pending => return Err(ETIMEDOUT.into()),
        }

        if log.wait_for_event(event, client, fault) {
            return Ok(());
        }
        if let Some(pause) = pause {
            fsleep(pause);
        }
    }

    Err(Failure::NoEvent { event, iova: fault }.into())
}

/// The device uses an address after its memory was unmapped.
fn after_unmap(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    needs_translation(ctx)?;
    if !ctx.witness.is_strict() {
        return Err(Stop::Skip(
            "a lazy domain invalidates the TLB some time after the unmap",
        ));
    }

    let mapping = Mapping::map(ctx.dev, kept()?, FromDevice)?;
    let dma = mapping.span().address();
    let phys = mapping.phys();
    ctx.witness
        .mapped(dma, PAGE_SIZE, |offset| phys + offset as PhysAddr)?;
    let pages = mapping.unmap();
    ctx.witness.unmapped(dma, PAGE_SIZE)?;

    load(ctx, &[INTRUDER; WORD])?;
    // SAFETY: Nothing is mapped there: the SMMU stops the access. Were it to go through, to where the
    // address led before, it would hit `pages`, which is at hand and looked at only after that.
    unsafe { write_and_fault(ctx, dma, WORD, dma, "F_TRANSLATION")? };
    pattern::all(&pages, KEPT)?;

    Ok(seen::<FromDevice>(
        "dma_unmap_page",
        phys,
        dma,
        "SMMU event F_TRANSLATION",
    ))
}

/// The device writes to memory that it was given to read.
fn read_only(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    needs_translation(ctx)?;

    let mapping = Mapping::map(ctx.dev, kept()?, ToDevice)?;
    let dma = mapping.span().address();
    let phys = mapping.phys();

    load(ctx, &[INTRUDER; WORD])?;
    // SAFETY: The memory is mapped for reading: the SMMU stops the access. Were it to go through, it
    // would hit the pages of `mapping`, which are looked at only after that.
    unsafe { write_and_fault(ctx, dma, WORD, dma, "F_PERMISSION")? };
    pattern::all(&mapping.unmap(), KEPT)?;

    Ok(seen::<ToDevice>(
        "dma_map_page",
        phys,
        dma,
        "SMMU event F_PERMISSION",
    ))
}

/// A page that is mapped, with its other half behind it in memory, and nothing behind it for the device;
/// and what was there before.
fn before_nothing<'a>(
    ctx: &Context<'a>,
) -> Result<(Mapping<'a, KVec<u8>, FromDevice>, Pages), Stop> {
    let mut tried = KVec::with_capacity(TRIES, GFP_KERNEL)?;

    for _ in 0..TRIES {
        // Addresses are given out from the top down: what is mapped second ends where the first begins,
        // and nothing is there any more once that is unmapped.
        let above = Mapping::map(ctx.dev, kept()?, FromDevice)?;

        // Twice the memory that is mapped: what lies behind it is at hand.
        let mut buffer = KVec::from_elem(KEPT, 2 * PAGE_SIZE, GFP_KERNEL)?;
        buffer.truncate(PAGE_SIZE);
        let mapping = Mapping::map(ctx.dev, buffer, FromDevice)?;

        let above = above.unmap();
        if ctx
            .witness
            .is_free(mapping.span().address().offset(PAGE_SIZE))
        {
            return Ok((mapping, above));
        }
        // It went into a gap between mappings of somebody else, which is full now.
        tried.push(mapping, GFP_KERNEL)?;
    }

    Err(Failure::Unexpected("no address could be had with nothing behind it").into())
}

/// The device goes on where its memory ends.
fn past_the_end(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    needs_translation(ctx)?;

    let (mapping, above) = before_nothing(ctx)?;
    let dma = mapping.span().address();
    let phys = mapping.phys();
    let end = dma.offset(PAGE_SIZE);

    load(ctx, &[INTRUDER; 2 * WORD])?;
    // SAFETY: The first word is within the mapping, and nothing is mapped behind it: the SMMU stops the
    // second. Were that to go through, to the memory behind, it would hit the rest of the buffer's
    // allocation.
    unsafe {
        write_and_fault(
            ctx,
            dma.offset(PAGE_SIZE - WORD),
            2 * WORD,
            end,
            "F_TRANSLATION",
        )?
    };

    let mut buffer = mapping.unmap();
    pattern::all(&buffer[..PAGE_SIZE - WORD], KEPT)?;
    // The device did write: it was stopped where it had to be.
    pattern::all(&buffer[PAGE_SIZE - WORD..], INTRUDER)?;
    for byte in buffer.spare_capacity_mut().iter().take(PAGE_SIZE) {
        // SAFETY: Two pages were filled before the buffer was truncated to one.
        pattern::all(&[unsafe { byte.assume_init() }], KEPT)?;
    }
    pattern::all(&above, KEPT)?;

    Ok(seen::<FromDevice>(
        "dma_map_single",
        phys,
        dma,
        "SMMU event F_TRANSLATION",
    ))
}

/// The evidence of an access that was stopped.
fn seen<D: Direction>(
    operation: &'static str,
    phys: PhysAddr,
    dma: DeviceAddress,
    event: &'static str,
) -> Evidence {
    Evidence {
        operation,
        direction: D::DIRECTION,
        size: PAGE_SIZE,
        phys,
        dma,
        witnesses: [event, "memory unchanged"],
    }
}
