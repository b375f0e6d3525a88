// SPDX-License-Identifier: GPL-2.0

//! Transfers that time out, are aborted, dropped or refused, and return their memory.

mod gone;
mod interrupt;

use super::prelude::*;

const SIZE: usize = 512;
const SEED: u32 = 4;

pub(super) const PLAN: usize = 5 + interrupt::PLAN + gone::PLAN;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("time-out, then done"), timed_out(ctx));
    suite.result(fmt!("time-out, then aborted"), aborted(ctx));
    suite.result(fmt!("dropped in flight"), dropped(ctx));
    suite.result(fmt!("engine busy"), busy(ctx));
    suite.result(fmt!("refused range"), refused_range(ctx));
    interrupt::run(ctx, suite);
    gone::run(ctx, suite);
}

/// Maps a buffer with the pattern.
fn map<'a>(ctx: &Context<'a>) -> Result<Mapping<'a, KVec<u8>, ToDevice>, Stop> {
    let mut buffer = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
    pattern::fill(&mut buffer, SEED, 0);

    let mapping = Mapping::map(ctx.dev, buffer, ToDevice)?;
    Place::of(&mapping).mapped(ctx)?;
    Ok(mapping)
}

/// Unmaps the buffer and compares it with the pattern.
fn unmap(ctx: &Context<'_>, mapping: Mapping<'_, KVec<u8>, ToDevice>) -> Result<(), Stop> {
    let place = Place::of(&mapping);

    pattern::compare(&mapping.unmap(), SEED, 0)?;
    Ok(place.unmapped(ctx)?)
}

/// Checks that the buffer and the device have the pattern.
fn arrived(ctx: &Context<'_>, mapping: Mapping<'_, KVec<u8>, ToDevice>) -> Result<(), Stop> {
    let mut seen = [0; SIZE];

    unmap(ctx, mapping)?;
    fetch(ctx, &mut seen)?;
    Ok(pattern::compare(&seen, SEED, 0)?)
}

/// Checks that a transfer that outlasts a wait continues, and that a later wait returns the memory.
fn timed_out(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let transfer = Transfer::to_device(ctx.edu()?.channel(), map(ctx)?, 0..SIZE, JOB)?;

    let Err(WaitError::InFlight(ETIMEDOUT, transfer)) = transfer.wait(SOON) else {
        return fail("a transfer of 100 ms ended within 1 ms");
    };
    arrived(ctx, transfer.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip")
}

/// Aborts a transfer after a timeout, and checks that the memory is returned and the engine idle.
fn aborted(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let transfer = Transfer::to_device(ctx.edu()?.channel(), map(ctx)?, 0..SIZE, JOB)?;

    let Err(WaitError::InFlight(ETIMEDOUT, transfer)) = transfer.wait(SOON) else {
        return fail("a transfer of 100 ms ended within 1 ms");
    };
    let mapping = transfer
        .abort()
        .map_err(|_| Failure::Unexpected("the transfer could not be aborted"))?;

    // `edu` cannot stop a transfer, and has received all data.
    arrived(ctx, mapping)?;

    Ok("abort to_device size 512 witness: round trip")
}

/// Checks that a dropped transfer ends before its memory is unmapped.
fn dropped(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mapping = map(ctx)?;
    let place = Place::of(&mapping);

    drop(Transfer::to_device(
        ctx.edu()?.channel(),
        mapping,
        0..SIZE,
        JOB,
    )?);
    place.unmapped(ctx)?;

    let mut seen = [0; SIZE];
    fetch(ctx, &mut seen)?;
    pattern::compare(&seen, SEED, 0)?;

    Ok("drop to_device size 512 witness: round trip, iova_to_phys")
}

/// Checks that a second transfer is refused while one is in flight, and its memory is returned.
fn busy(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let first = Transfer::to_device(ctx.edu()?.channel(), map(ctx)?, 0..SIZE, JOB)?;

    let second = match Transfer::to_device(ctx.edu()?.channel(), map(ctx)?, 0..SIZE, JOB) {
        Ok(_) => return fail("two transfers are in flight"),
        Err(err) if err.error != EBUSY => return Err(err.error.into()),
        Err(err) => err.value,
    };
    unmap(ctx, second)?;
    arrived(ctx, first.wait(TIMEOUT)?)?;

    Ok("start to_device refused with EBUSY witness: buffer came back intact, round trip")
}

/// Checks that bad ranges are refused, and the memory is returned.
fn refused_range(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    for range in [0..0, 0..SIZE + 1, SIZE..SIZE + 1] {
        let memory = match Transfer::to_device(ctx.edu()?.channel(), map(ctx)?, range, JOB) {
            Ok(_) => return fail("a bad range was given to the device"),
            Err(err) if err.error != EINVAL => return Err(err.error.into()),
            Err(err) => err.value,
        };
        unmap(ctx, memory)?;
    }

    Ok("start to_device refused with EINVAL witness: buffer came back intact, 3 ranges")
}
