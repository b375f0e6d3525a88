// SPDX-License-Identifier: GPL-2.0

//! Accesses outside of a mapping: the SMMU reports a fault, and no byte changes.
//!
//! Without translation, the device reaches the memory at the address, which the check owns, or only
//! the bounce buffer.
//!
//! The transfers are short, because `edu` makes an access for every four bytes, and the SMMU
//! reports each.

use super::{
    kmsg::Log,
    prelude::*,
    stray::{
        read,
        Started, //
    }, //
};
use kernel::time::{
    Instant,
    Monotonic, //
};

pub(super) const PLAN: usize = 3;

/// The byte in memory, the byte that the device writes, and the byte that the CPU writes later.
const KEPT: u8 = 0xa5;
const INTRUDER: u8 = 0x3c;
const SECRET: u8 = 0x77;

/// The number of mappings tried to find one with a free address behind it.
const TRIES: usize = 64;

/// The size of an access of `edu`.
const WORD: usize = 4;

/// The period in which the SMMU driver prints at most ten events.
const RATE_LIMIT: Delta = Delta::from_millis(5100);

/// A time after the start of a transfer at which `edu` has not accessed memory.
const BEFORE_TRANSFER: Delta = Delta::from_millis(95);

/// Times before and after a lazy domain flushes the TLB, 10 ms after an unmap
/// (`IOVA_DEFAULT_FQ_TIMEOUT`) plus up to a tick.
const NOT_FLUSHED: Delta = Delta::from_millis(6);
const FLUSHED: Delta = Delta::from_millis(100);

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("write after unmap"), after_unmap(ctx));
    suite.result(fmt!("write to a to_device mapping"), read_only(ctx));
    suite.result(fmt!("write past the end"), past_the_end(ctx));
}

/// Returns a page filled with [`KEPT`].
fn kept() -> Result<Pages, Stop> {
    let mut pages = Pages::zeroed(0, GFP_KERNEL)?;

    pages.fill(KEPT);
    Ok(pages)
}

/// Makes the device write `len` bytes from its buffer to `addr`.
///
/// # Safety
///
/// As for [`Channel::start`].
unsafe fn write(ctx: &Context<'_>, addr: DmaAddress, len: usize) -> Result<(), Stop> {
    // SAFETY: By the caller's promise.
    unsafe { Started::new(ctx, addr, len, true)? }.finish()
}

/// Returns `memory`, or leaks it on errors, because the device may still access it.
fn keep_on_error<M>(result: Result<(), Stop>, memory: M) -> Result<M, Stop> {
    match result {
        Ok(()) => Ok(memory),
        Err(stop) => {
            core::mem::forget(memory);
            Err(stop)
        }
    }
}

/// Makes the device write `len` bytes to `addr`, and waits for the report of a fault at `fault`.
///
/// # Safety
///
/// As for [`Channel::start`].
unsafe fn write_and_fault(
    ctx: &Context<'_>,
    addr: DmaAddress,
    len: usize,
    fault: DmaAddress,
    event: &'static str,
) -> Result<(), Stop> {
    let client = ctx.dev.name().to_str().map_err(|_| EINVAL)?;

    // Retry once: the rate limit may have dropped the report.
    for pause in [Some(RATE_LIMIT), None] {
        let mut log = Log::end();

        ctx.iommu.marks.fault(fault, WORD, event);
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

/// Checks that the device, without translation, has written `word`; returns the evidence.
fn reached(ctx: &Context<'_>, word: &[u8]) -> Result<&'static str, Failure> {
    if !limits::is_coherent(ctx.dev) && pattern::all(word, KEPT).is_ok() {
        return Ok("the CPU's cache still has the old data");
    }

    pattern::all(word, INTRUDER)?;
    Ok("memory changed, without translation")
}

/// Lets the device write to an address after the unmap.
fn after_unmap(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    ctx.iommu.logs_events()?;
    let mapping = Mapping::map(ctx.dev, kept()?, FromDevice)?;
    let place = Place::of(&mapping);
    place.mapped(ctx)?;

    let witnesses = if ctx.iommu.is_strict() {
        stopped_at_once(ctx, mapping)?
    } else if ctx.iommu.translates() {
        stopped_after_flush(ctx, mapping)?
    } else if place.is_bounced(ctx) {
        only_bounce_buffer(ctx, mapping)?
    } else {
        not_stopped(ctx, mapping)?
    };

    Ok(place.evidence("dma_unmap_page", witnesses))
}

/// Checks that a strict domain stops the device at once.
fn stopped_at_once(
    ctx: &Context<'_>,
    mapping: Mapping<'_, Pages, FromDevice>,
) -> Result<[&'static str; 2], Stop> {
    let place = Place::of(&mapping);
    let pages = mapping.unmap();
    place.unmapped(ctx)?;

    load(ctx, &[INTRUDER; WORD])?;
    let dma = place.dma;
    // SAFETY: Nothing is mapped at `dma`, so the SMMU stops the access. If it did not, the access
    // would hit `pages`, which `dma` was mapped to, and which the CPU does not access meanwhile.
    let faulted = unsafe { write_and_fault(ctx, dma, WORD, dma, "F_TRANSLATION") };
    let pages = keep_on_error(faulted, pages)?;
    pattern::all(&pages, KEPT)?;

    Ok(["SMMU event F_TRANSLATION", "memory unchanged"])
}

/// Checks that a lazy domain stops the device after the TLB flush. Before that, the device may
/// still reach the memory, and the address is not reused.
fn stopped_after_flush(
    ctx: &Context<'_>,
    mapping: Mapping<'_, Pages, FromDevice>,
) -> Result<[&'static str; 2], Stop> {
    /// The bytes that the device writes before the unmap.
    const USED: Range<usize> = WORD..2 * WORD;
    let place = Place::of(&mapping);
    let dma = place.dma;

    // Wait for pending flushes, and fill the TLB.
    load(ctx, &[INTRUDER; WORD])?;
    fsleep(FLUSHED);
    let mapping = Transfer::from_device(ctx.edu()?.channel(), mapping, USED, JOB)?.wait(TIMEOUT)?;

    ctx.iommu.marks.open(dma, WORD, place.phys, false);
    // SAFETY: The memory is mapped at the start, and unmapped before the device is done. After that
    // the access hits the same pages or is stopped. The pages are kept until the device is idle.
    let started = unsafe { Started::new(ctx, dma, WORD, true)? };
    let begun = Instant::<Monotonic>::now();
    while begun.elapsed() < BEFORE_TRANSFER {
        fsleep(Delta::from_millis(1));
    }
    let unmapping = Instant::<Monotonic>::now();
    let mut pages = mapping.unmap();
    let unmapped = place.unmapped(ctx);
    let other = kept().and_then(|pages| Ok(Mapping::map(ctx.dev, pages, FromDevice)?));
    let in_time = unmapping.elapsed() < NOT_FLUSHED;
    if let Err(stop) = started.finish() {
        core::mem::forget((pages, other));
        return Err(stop);
    }

    unmapped?;
    let other = other?;
    if in_time && other.range().number() == dma {
        return fail("the address was reused before the flush");
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

    // Map nothing meanwhile, so that the address stays free.
    fsleep(FLUSHED);
    pages.fill(KEPT);
    // SAFETY: As in `stopped_at_once()`.
    let faulted = unsafe { write_and_fault(ctx, dma, WORD, dma, "F_TRANSLATION") };
    let pages = keep_on_error(faulted, pages)?;
    pattern::all(&pages, KEPT)?;

    Ok([before, "SMMU event F_TRANSLATION after it"])
}

/// Checks that the device reads a bounce buffer, and not the data that the CPU writes to the
/// memory.
///
/// The device only reads, because the bounce buffer may be in use again.
fn only_bounce_buffer(
    ctx: &Context<'_>,
    mapping: Mapping<'_, Pages, FromDevice>,
) -> Result<[&'static str; 2], Stop> {
    let place = Place::of(&mapping);
    let mut pages = mapping.unmap();
    place.unmapped(ctx)?;

    pages.fill(SECRET);
    ctx.iommu.marks.open(place.dma, WORD, place.phys, true);
    let mut word = [0; WORD];
    read(ctx, place.dma, &mut word)?;
    if word.contains(&SECRET) {
        return fail("the device reads memory that was unmapped");
    }

    Ok(["bounce buffer", "the device reads nothing of the memory"])
}

/// Checks that the device, without translation, reaches the memory that was mapped, and no other.
fn not_stopped(
    ctx: &Context<'_>,
    mapping: Mapping<'_, Pages, FromDevice>,
) -> Result<[&'static str; 2], Stop> {
    let place = Place::of(&mapping);
    let pages = mapping.unmap();
    place.unmapped(ctx)?;

    load(ctx, &[INTRUDER; WORD])?;
    ctx.iommu.marks.open(place.dma, WORD, place.phys, false);
    // SAFETY: The access hits `pages`, which the CPU does not access meanwhile.
    let written = unsafe { write(ctx, place.dma, WORD) };
    let pages = keep_on_error(written, pages)?;
    pattern::all(&pages[WORD..], KEPT)?;

    Ok([
        "bus address is the physical address",
        reached(ctx, &pages[..WORD])?,
    ])
}

/// Lets the device write to memory that is mapped for reads.
fn read_only(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    ctx.iommu.logs_events()?;
    let mapping = Mapping::map(ctx.dev, kept()?, ToDevice)?;
    let place = Place::of(&mapping);
    let witness = place.mapped(ctx)?;
    let dma = place.dma;

    load(ctx, &[INTRUDER; WORD])?;
    let witnesses = if ctx.iommu.translates() {
        // SAFETY: The memory is mapped for reads, so the SMMU stops the access. If it did not, the
        // access would hit the pages of `mapping`, which the CPU does not access meanwhile.
        let faulted = unsafe { write_and_fault(ctx, dma, WORD, dma, "F_PERMISSION") };
        let pages = keep_on_error(faulted, mapping)?.unmap();
        place.unmapped(ctx)?;
        pattern::all(&pages, KEPT)?;
        ["SMMU event F_PERMISSION", "memory unchanged"]
    } else {
        let bounced = place.is_bounced(ctx);

        ctx.iommu.marks.open(dma, WORD, place.phys, bounced);
        // SAFETY: The access hits the pages of `mapping`, which the CPU does not access meanwhile,
        // or its bounce buffer.
        let written = unsafe { write(ctx, dma, WORD) };
        let pages = keep_on_error(written, mapping)?.unmap();
        place.unmapped(ctx)?;

        pattern::all(&pages[WORD..], KEPT)?;
        if bounced {
            pattern::all(&pages[..WORD], KEPT)?;
            [witness, "memory unchanged"]
        } else {
            [witness, reached(ctx, &pages[..WORD])?]
        }
    };

    Ok(place.evidence("dma_map_page", witnesses))
}

/// Maps the first half of a buffer of two pages, so that the address behind it is free. Also
/// returns the page that was mapped there before.
fn before_nothing<'a>(
    ctx: &Context<'a>,
) -> Result<(Mapping<'a, KVec<u8>, FromDevice>, Pages), Stop> {
    let mut tried = KVec::with_capacity(TRIES, GFP_KERNEL)?;

    for _ in 0..TRIES {
        // The IOVA allocator works from the top down: the second mapping ends where the first
        // begins, and then the first is unmapped.
        let above = Mapping::map(ctx.dev, kept()?, FromDevice)?;

        let mut buffer = KVec::from_elem(KEPT, WHOLE, GFP_KERNEL)?;
        buffer.truncate(PAGE_SIZE);
        let mapping = Mapping::map(ctx.dev, buffer, FromDevice)?;

        let above = above.unmap();
        if ctx.iommu.is_free(
            mapping
                .range()
                .number()
                .wrapping_add(PAGE_SIZE as DmaAddress),
        ) {
            return Ok((mapping, above));
        }
        // The mapping filled a gap between others. Keep it, so that the next one does not.
        tried.push(mapping, GFP_KERNEL)?;
    }

    fail("no mapping has a free address behind it")
}

/// Lets the device write beyond the end of a mapping.
fn past_the_end(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    ctx.iommu.logs_events()?;
    if !ctx.iommu.translates() {
        return past_the_end_untranslated(ctx);
    }

    let (mapping, above) = before_nothing(ctx)?;
    let place = Place::of(&mapping);
    let end = place.dma.wrapping_add(PAGE_SIZE as DmaAddress);
    place.mapped(ctx)?;

    load(ctx, &[INTRUDER; 2 * WORD])?;
    // SAFETY: The first word is within the mapping, and nothing is mapped behind it, so the SMMU
    // stops the second. If it did not, the access would hit the rest of the buffer, or `above`.
    let faulted = unsafe {
        write_and_fault(
            ctx,
            end.wrapping_sub(WORD as DmaAddress),
            2 * WORD,
            end,
            "F_TRANSLATION",
        )
    };

    let (mapping, above) = keep_on_error(faulted, (mapping, above))?;
    let mut buffer = mapping.unmap();
    place.unmapped(ctx)?;
    pattern::all(&buffer[..PAGE_SIZE - WORD], KEPT)?;
    // The device wrote the word before the fault.
    pattern::all(&buffer[PAGE_SIZE - WORD..], INTRUDER)?;
    pattern::all(behind(&mut buffer), KEPT)?;
    pattern::all(&above, KEPT)?;

    let witnesses = ["SMMU event F_TRANSLATION", "memory unchanged"];
    Ok(place.evidence("dma_map_single", witnesses))
}

/// The length of a buffer before it is truncated, for [`behind`].
const WHOLE: usize = 2 * PAGE_SIZE;

/// Returns the bytes by which a buffer of [`WHOLE`] bytes was truncated.
fn behind(buffer: &mut KVec<u8>) -> &[u8] {
    let len = buffer.len();

    // SAFETY: All elements were initialized before the buffer was truncated.
    unsafe { buffer.inc_len(WHOLE - len) };
    &buffer[len..]
}

/// Checks that the device, without translation, reaches the memory behind a mapping that is not
/// bounced.
fn past_the_end_untranslated(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut buffer = KVec::from_elem(KEPT, WHOLE, GFP_KERNEL)?;
    // The buffer ends with a cache line, and a word before the end of a slot of bounce buffers
    // (`IO_TLB_SIZE`).
    let len = PAGE_SIZE - limits::cache_alignment().max(WORD);
    buffer.truncate(len);
    let mapping = Mapping::map(ctx.dev, buffer, FromDevice)?;
    let place = Place::of(&mapping);
    let witness = place.mapped(ctx)?;
    let bounced = place.is_bounced(ctx);
    let end = place.dma.wrapping_add(len as DmaAddress);

    load(ctx, &[INTRUDER; 2 * WORD])?;
    let marks = &ctx.iommu.marks;
    marks.open(end, WORD, place.phys + len as PhysAddr, bounced);
    // SAFETY: The first word is within the mapping. The second is in the rest of the buffer, or in
    // the rest of a slot, because bounce buffers are allocated in whole slots.
    let written = unsafe { write(ctx, end.wrapping_sub(WORD as DmaAddress), 2 * WORD) };

    let mut buffer = keep_on_error(written, mapping)?.unmap();
    place.unmapped(ctx)?;
    pattern::all(&buffer[..len - WORD], KEPT)?;
    pattern::all(&buffer[len - WORD..], INTRUDER)?;
    let behind = behind(&mut buffer);
    pattern::all(&behind[WORD..], KEPT)?;
    let word = if bounced {
        pattern::all(&behind[..WORD], KEPT)?;
        "memory unchanged"
    } else {
        reached(ctx, &behind[..WORD])?
    };

    Ok(place.evidence("dma_map_single", [witness, word]))
}
