// SPDX-License-Identifier: GPL-2.0

//! What the device must not reach, asked for on purpose: the SMMU reports it, and no byte changes.
//!
//! Without an IOMMU that translates nobody stops the device: then it must reach the memory that was asked
//! for, which the check has at hand, or, if it was given a copy, nothing but the copy.
//!
//! Each access is of a few bytes. `edu` makes an access of its own of every four, and the SMMU reports
//! each one.

use super::{
    bounce::{
        is_copied,
        placed, //
    },
    evidence::{
        Evidence,
        Failure,
        Stop, //
    },
    kmsg::Log,
    ktap::Suite,
    pattern,
    scratch::{
        fetch,
        load,
        JOB,
        TIMEOUT, //
    },
    Context, //
};
use crate::{
    dma::{
        buffer::Pages,
        direction::{
            Direction,
            FromDevice,
            ToDevice, //
        },
        limits,
        streaming::Mapping,
        transfer::{
            Engine,
            Progress,
            Transfer, //
        }, //
    },
    module_parameters,
    testdev::addresses::{Number, Phys},
    testdev::edu::Started, //
};
use core::ops::Range;
use kernel::{
    dma::DmaAddress,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*,
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    }, //
};

pub(super) const PLAN: usize = 4;

/// What is in memory, what the device tries to put there, and what the CPU puts there later.
const KEPT: u8 = 0xa5;
const INTRUDER: u8 = 0x3c;
const SECRET: u8 = 0x77;

/// How often an address is asked for before there is none with nothing behind it.
const TRIES: usize = 64;

/// One access of `edu`.
const WORD: usize = 4;

/// The SMMU driver prints no more than ten events in this time.
const RATE_LIMIT: Delta = Delta::from_millis(5100);

/// How long a transfer takes that was not begun yet.
const BEFORE_TRANSFER: Delta = Delta::from_millis(95);

/// A lazy domain flushes the TLB 10 ms (`IOVA_DEFAULT_FQ_TIMEOUT`) after an unmap, in ticks of the clock:
/// not before the one, and long before the other.
const NOT_FLUSHED: Delta = Delta::from_millis(6);
const FLUSHED: Delta = Delta::from_millis(100);

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("write after unmap"), after_unmap(ctx));
    suite.result(fmt!("write to a to_device mapping"), read_only(ctx));
    suite.result(fmt!("write past the end"), past_the_end(ctx));
    suite.result(fmt!("read beside a small buffer"), neighbour(ctx));
}

/// A page full of [`KEPT`].
fn kept() -> Result<Pages, Stop> {
    let mut pages = Pages::zeroed(0, GFP_KERNEL)?;

    pages.fill(KEPT);
    Ok(pages)
}

/// Waits until the device is done.
fn finish(ctx: &Context<'_>, mut token: Started) -> Result<(), Stop> {
    // SAFETY: `token` is from a start, and waited for once, as it is gone after that.
    match unsafe { ctx.edu()?.wait(&mut token, TIMEOUT) } {
        Progress::Done => Ok(()),
        Progress::Failed(error) => Err(error.into()),
        Progress::Pending => Err(ETIMEDOUT.into()),
    }
}

/// Makes the device write `len` bytes of what was loaded at `addr`.
///
/// # Safety
///
/// As for [`Edu::start`](crate::testdev::edu::Edu::start).
unsafe fn write(ctx: &Context<'_>, addr: DmaAddress, len: usize) -> Result<(), Stop> {
    // SAFETY: By the caller's promise.
    finish(ctx, unsafe { ctx.edu()?.start(addr, len, JOB, true)? })
}

/// Gives `memory` back with the result, or leaks it, as the device may still be at work there.
fn keep<M>(result: Result<(), Stop>, memory: M) -> Result<M, Stop> {
    match result {
        Ok(()) => Ok(memory),
        Err(stop) => {
            core::mem::forget(memory);
            Err(stop)
        }
    }
}

/// The word that the device reads at `addr`, wherever that is: to be read does no harm to memory.
fn read(ctx: &Context<'_>, addr: DmaAddress) -> Result<[u8; WORD], Stop> {
    let mut seen = [0; WORD];

    // SAFETY: The device only reads, and it does not matter what.
    finish(ctx, unsafe { ctx.edu()?.start(addr, WORD, JOB, false)? })?;
    fetch(ctx, &mut seen)?;
    Ok(seen)
}

/// Makes the device write `len` bytes at `addr`, of which those from `fault` on are not its to write,
/// and sees the SMMU report that.
///
/// # Safety
///
/// As for [`Edu::start`](crate::testdev::edu::Edu::start).
unsafe fn write_and_fault(
    ctx: &Context<'_>,
    addr: DmaAddress,
    len: usize,
    fault: DmaAddress,
    event: &'static str,
) -> Result<(), Stop> {
    let client = ctx.dev.name().to_str().map_err(|_| EINVAL)?;

    // The second try is for a report that was left out because too many came before it.
    for pause in [Some(RATE_LIMIT), None] {
        let mut log = Log::end();

        ctx.witness.claims.fault(fault, WORD, event);
        // SAFETY: By the caller's promise.
        unsafe { write(ctx, addr, len)? };

        if log.wait_for_event(event, client, fault) {
            return Ok(());
        }
        if let Some(pause) = pause {
            fsleep(pause);
        }
    }

    Err(Failure::NoEvent { event, iova: fault }.into())
}

/// Checks that the device has reached `word`, which nobody keeps from it; returns what was seen.
fn reached(ctx: &Context<'_>, word: &[u8]) -> Result<&'static str, Failure> {
    if !limits::is_coherent(ctx.dev) && pattern::all(word, KEPT).is_ok() {
        return Ok("the CPU's cache still has what was there before");
    }

    pattern::all(word, INTRUDER)?;
    Ok("memory changed, as nobody translates")
}

/// The device uses an address after its memory was unmapped.
fn after_unmap(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mapping = Mapping::map(ctx.dev, kept()?, FromDevice)?;
    let dma = mapping.span().number();
    let phys = mapping.phys();
    placed::<FromDevice>(ctx, dma, PAGE_SIZE, phys)?;

    let witnesses = if ctx.witness.is_strict() {
        stopped_at_once(ctx, mapping)?
    } else if ctx.witness.translates() {
        stopped_after_flush(ctx, mapping)?
    } else if is_copied::<FromDevice>(ctx, phys, PAGE_SIZE) {
        left_with_a_copy(ctx, mapping)?
    } else {
        not_stopped(ctx, mapping)?
    };

    Ok(seen::<FromDevice>("dma_unmap_page", phys, dma, witnesses))
}

/// A strict domain: nothing is left of the mapping.
fn stopped_at_once(
    ctx: &Context<'_>,
    mapping: Mapping<'_, Pages, FromDevice>,
) -> Result<[&'static str; 2], Stop> {
    let dma = mapping.span().number();
    let pages = mapping.unmap();
    ctx.witness.unmapped(dma, PAGE_SIZE)?;

    load(ctx, &[INTRUDER; WORD])?;
    // SAFETY: Nothing is mapped there: the SMMU stops the access. Were it to go through, to where the
    // address led before, it would hit `pages`, which is at hand and looked at only after that.
    let faulted = unsafe { write_and_fault(ctx, dma, WORD, dma, "F_TRANSLATION") };
    let pages = keep(faulted, pages)?;
    pattern::all(&pages, KEPT)?;

    Ok(["SMMU event F_TRANSLATION", "memory unchanged"])
}

/// A lazy domain: until the TLB is flushed the device may reach what was unmapped, and nobody else gets the
/// address; after that it is stopped.
fn stopped_after_flush(
    ctx: &Context<'_>,
    mapping: Mapping<'_, Pages, FromDevice>,
) -> Result<[&'static str; 2], Stop> {
    /// What the device writes while it may.
    const USED: Range<usize> = WORD..2 * WORD;
    let dma = mapping.span().number();
    let phys = mapping.phys();

    // So that no flush is due, and the TLB has the address.
    load(ctx, &[INTRUDER; WORD])?;
    fsleep(FLUSHED);
    let mapping = Transfer::write(ctx.edu()?, mapping, USED, JOB)?.wait(TIMEOUT)?;

    ctx.witness.claims.open(dma, WORD, phys, false);
    // SAFETY: The memory is mapped for that, and unmapped before the device is done; then the access goes
    // to the same pages, or is stopped. They stay until the device is at rest.
    let token = unsafe { ctx.edu()?.start(dma, WORD, JOB, true)? };
    let started = Instant::<Monotonic>::now();
    while started.elapsed() < BEFORE_TRANSFER {
        fsleep(Delta::from_millis(1));
    }
    let unmapping = Instant::<Monotonic>::now();
    let mut pages = mapping.unmap();
    let unmapped = ctx.witness.unmapped(dma, PAGE_SIZE);
    let other = kept().and_then(|pages| Ok(Mapping::map(ctx.dev, pages, FromDevice)?));
    let in_time = unmapping.elapsed() < NOT_FLUSHED;
    if let Err(stop) = finish(ctx, token) {
        core::mem::forget((pages, other));
        return Err(stop);
    }

    unmapped?;
    let other = other?;
    if in_time && other.span().number() == dma {
        return Err(Failure::Unexpected("the address was given out again before the flush").into());
    }
    pattern::all(&other.unmap(), KEPT)?;
    let before = if pages[0] == INTRUDER {
        pattern::all(&pages[..WORD], INTRUDER)?;
        "memory reached before the flush"
    } else {
        "memory not reached before the flush"
    };
    pattern::all(&pages[USED], INTRUDER)?;
    pattern::all(&pages[USED.end..], KEPT)?;

    // Nothing is mapped meanwhile: the address is free.
    fsleep(FLUSHED);
    pages.fill(KEPT);
    // SAFETY: Nothing is mapped there: the SMMU stops the access. Were it to go through, to where the
    // address led before, it would hit `pages`, which is at hand and looked at only after that.
    let faulted = unsafe { write_and_fault(ctx, dma, WORD, dma, "F_TRANSLATION") };
    let pages = keep(faulted, pages)?;
    pattern::all(&pages, KEPT)?;

    Ok([before, "SMMU event F_TRANSLATION after it"])
}

/// The device was given a copy, and has nothing else: it does not see what the CPU writes.
///
/// It reads, and does not write, as the place of the copy may be somebody else's by now.
fn left_with_a_copy(
    ctx: &Context<'_>,
    mapping: Mapping<'_, Pages, FromDevice>,
) -> Result<[&'static str; 2], Stop> {
    let (dma, phys) = (mapping.span().number(), mapping.phys());
    let mut pages = mapping.unmap();
    ctx.witness.unmapped(dma, PAGE_SIZE)?;

    pages.fill(SECRET);
    ctx.witness.claims.open(dma, WORD, phys, true);
    if read(ctx, dma)?.contains(&SECRET) {
        return Err(Failure::Unexpected("the device sees memory that was unmapped").into());
    }

    Ok(["bounce buffer", "the device reads nothing of the memory"])
}

/// Nobody stops the device, and it reaches just the memory that it was given.
fn not_stopped(
    ctx: &Context<'_>,
    mapping: Mapping<'_, Pages, FromDevice>,
) -> Result<[&'static str; 2], Stop> {
    let (dma, phys) = (mapping.span().number(), mapping.phys());
    let pages = mapping.unmap();
    ctx.witness.unmapped(dma, PAGE_SIZE)?;

    load(ctx, &[INTRUDER; WORD])?;
    ctx.witness.claims.open(dma, WORD, phys, false);
    // SAFETY: The access hits `pages`, which is at hand and looked at only after that.
    let written = unsafe { write(ctx, dma, WORD) };
    let pages = keep(written, pages)?;
    pattern::all(&pages[WORD..], KEPT)?;

    Ok([
        "bus address is the physical address",
        reached(ctx, &pages[..WORD])?,
    ])
}

/// The device writes to memory that it was given to read.
fn read_only(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mapping = Mapping::map(ctx.dev, kept()?, ToDevice)?;
    let dma = mapping.span().number();
    let phys = mapping.phys();
    let place = placed::<ToDevice>(ctx, dma, PAGE_SIZE, phys)?;

    load(ctx, &[INTRUDER; WORD])?;
    let witnesses = if ctx.witness.translates() {
        // SAFETY: The memory is mapped for reading: the SMMU stops the access. Were it to go through, it
        // would hit the pages of `mapping`, which are looked at only after that.
        let faulted = unsafe { write_and_fault(ctx, dma, WORD, dma, "F_PERMISSION") };
        let pages = keep(faulted, mapping)?.unmap();
        ctx.witness.unmapped(dma, PAGE_SIZE)?;
        pattern::all(&pages, KEPT)?;
        ["SMMU event F_PERMISSION", "memory unchanged"]
    } else {
        let copied = is_copied::<ToDevice>(ctx, phys, PAGE_SIZE);

        ctx.witness.claims.open(dma, WORD, phys, copied);
        // SAFETY: The access hits the pages of `mapping`, or its bounce buffer. They are looked at only
        // after that.
        let written = unsafe { write(ctx, dma, WORD) };
        let pages = keep(written, mapping)?.unmap();
        ctx.witness.unmapped(dma, PAGE_SIZE)?;

        pattern::all(&pages[WORD..], KEPT)?;
        if copied {
            pattern::all(&pages[..WORD], KEPT)?;
            [place, "memory unchanged"]
        } else {
            [place, reached(ctx, &pages[..WORD])?]
        }
    };

    Ok(seen::<ToDevice>("dma_map_page", phys, dma, witnesses))
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
        let mut buffer = KVec::from_elem(KEPT, WHOLE, GFP_KERNEL)?;
        buffer.truncate(PAGE_SIZE);
        let mapping = Mapping::map(ctx.dev, buffer, FromDevice)?;

        let above = above.unmap();
        if ctx.witness.is_free(
            mapping
                .span()
                .number()
                .wrapping_add(PAGE_SIZE as DmaAddress),
        ) {
            return Ok((mapping, above));
        }
        // It went into a gap between mappings of somebody else, which is full now.
        tried.push(mapping, GFP_KERNEL)?;
    }

    Err(Failure::Unexpected("no address could be had with nothing behind it").into())
}

/// The device goes on where its memory ends.
fn past_the_end(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    if !ctx.witness.translates() {
        return past_the_end_unguarded(ctx);
    }

    let (mapping, above) = before_nothing(ctx)?;
    let dma = mapping.span().number();
    let phys = mapping.phys();
    let end = dma.wrapping_add(PAGE_SIZE as DmaAddress);
    ctx.witness
        .mapped(dma, PAGE_SIZE, FromDevice::DIRECTION, &|offset| {
            phys + offset as PhysAddr
        })?;

    load(ctx, &[INTRUDER; 2 * WORD])?;
    // SAFETY: The first word is within the mapping, and nothing is mapped behind it: the SMMU stops the
    // second. Were that to go through, to the memory behind, it would hit the rest of the buffer's
    // allocation.
    let faulted = unsafe {
        write_and_fault(
            ctx,
            dma.wrapping_add((PAGE_SIZE - WORD) as DmaAddress),
            2 * WORD,
            end,
            "F_TRANSLATION",
        )
    };

    let (mapping, above) = keep(faulted, (mapping, above))?;
    let mut buffer = mapping.unmap();
    ctx.witness.unmapped(dma, PAGE_SIZE)?;
    pattern::all(&buffer[..PAGE_SIZE - WORD], KEPT)?;
    // The device did write: it was stopped where it had to be.
    pattern::all(&buffer[PAGE_SIZE - WORD..], INTRUDER)?;
    pattern::all(behind(&mut buffer), KEPT)?;
    pattern::all(&above, KEPT)?;

    Ok(seen::<FromDevice>(
        "dma_map_single",
        phys,
        dma,
        ["SMMU event F_TRANSLATION", "memory unchanged"],
    ))
}

/// How much is in a buffer before it is truncated, for [`behind`].
const WHOLE: usize = 2 * PAGE_SIZE;

/// What is behind a buffer that had [`WHOLE`] elements, and was truncated.
fn behind(buffer: &mut KVec<u8>) -> &[u8] {
    // It gets no shorter: nobody takes elements from it.
    let len = buffer.len();

    // SAFETY: All elements were initialized before the buffer was truncated.
    unsafe { buffer.inc_len(WHOLE - len) };
    &buffer[len..]
}

/// Nobody stops the device: behind the memory that it was given it reaches what lies there; behind a copy it
/// does not.
fn past_the_end_unguarded(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut buffer = KVec::from_elem(KEPT, WHOLE, GFP_KERNEL)?;
    // Ends with a cache line, and, of a bounce buffer, before the end of a slot (`IO_TLB_SIZE`).
    let len = PAGE_SIZE - limits::cache_alignment();
    buffer.truncate(len);
    let mapping = Mapping::map(ctx.dev, buffer, FromDevice)?;
    let dma = mapping.span().number();
    let phys = mapping.phys();
    let place = placed::<FromDevice>(ctx, dma, len, phys)?;
    let copied = is_copied::<FromDevice>(ctx, phys, len);

    load(ctx, &[INTRUDER; 2 * WORD])?;
    ctx.witness.claims.open(
        dma.wrapping_add(len as DmaAddress),
        WORD,
        phys + len as PhysAddr,
        copied,
    );
    // SAFETY: The first word is within the mapping. The second is in the rest of the buffer's allocation,
    // or in that of the bounce buffer, of which slots are given out as a whole.
    let written = unsafe { write(ctx, dma.wrapping_add((len - WORD) as DmaAddress), 2 * WORD) };

    let mut buffer = keep(written, mapping)?.unmap();
    ctx.witness.unmapped(dma, len)?;
    pattern::all(&buffer[..len - WORD], KEPT)?;
    pattern::all(&buffer[len - WORD..], INTRUDER)?;
    let behind = behind(&mut buffer);
    pattern::all(&behind[WORD..], KEPT)?;
    let word = if copied {
        pattern::all(&behind[..WORD], KEPT)?;
        "memory unchanged"
    } else {
        reached(ctx, &behind[..WORD])?
    };

    Ok(seen::<FromDevice>(
        "dma_map_single",
        phys,
        dma,
        [place, word],
    ))
}

/// The device reads what lies beside a small buffer, in the same page: it gets that, if it was given the
/// memory itself, and no byte of it, if it was given a copy. For an untrusted device there are zeroes.
fn neighbour(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    const SMALL: usize = 96;
    const BESIDE: usize = 256;

    let mut buffer = KVec::from_elem(SECRET, PAGE_SIZE, GFP_KERNEL)?;
    buffer.truncate(SMALL);
    buffer.fill(KEPT);
    let mapping = Mapping::map(ctx.dev, buffer, ToDevice)?;
    let dma = mapping.span().number();
    let phys = mapping.phys();
    let place = placed::<ToDevice>(ctx, dma, SMALL, phys)?;
    let copied = is_copied::<ToDevice>(ctx, phys, SMALL);

    ctx.witness.claims.open(
        dma.wrapping_add(BESIDE as DmaAddress),
        WORD,
        phys + BESIDE as PhysAddr,
        copied,
    );
    let word = read(ctx, dma.wrapping_add(BESIDE as DmaAddress))?;
    let visible = word == [SECRET; WORD];
    let cleared = module_parameters::untrusted.value() && ctx.witness.translates();
    let witness = if !copied {
        // What was never mapped may still be in a cache that the device does not see.
        if !visible && limits::is_coherent(ctx.dev) {
            return Err(Failure::Unexpected("the device does not see the page").into());
        }
        "the device reads what is beside it"
    } else if visible {
        return Err(Failure::Unexpected("the device reads what is beside the buffer").into());
    } else if cleared {
        pattern::all(&word, 0)?;
        "the device reads zeroes beside it"
    } else {
        "the device reads nothing of the memory beside it"
    };
    let buffer = mapping.unmap();
    ctx.witness.unmapped(dma, SMALL)?;
    pattern::all(&buffer, KEPT)?;

    let mut evidence = seen::<ToDevice>("dma_map_single", phys, dma, [place, witness]);
    evidence.size = SMALL;
    Ok(evidence)
}

/// The evidence of an access that was not the device's to make, in a page.
fn seen<D: Direction>(
    operation: &'static str,
    phys: PhysAddr,
    dma: DmaAddress,
    witnesses: [&'static str; 2],
) -> Evidence {
    Evidence {
        operation,
        direction: D::DIRECTION,
        size: PAGE_SIZE,
        phys,
        dma,
        witnesses,
    }
}
