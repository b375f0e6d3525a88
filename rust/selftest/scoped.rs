// SPDX-License-Identifier: GPL-2.0

//! Mappings that last for a closure.

use super::prelude::*;

const SIZE: usize = 512;

pub(super) const PLAN: usize = 4;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("round trip"), round_trip(ctx));
    suite.result(fmt!("time-out"), timed_out(ctx));
    suite.result(fmt!("error of the closure"), closure_fails(ctx));
    suite.result(fmt!("refused"), refused(ctx));
}

/// An object that keeps its buffer.
struct Request {
    data: Option<KVec<u8>>,
}

impl Request {
    fn new() -> Result<Self, Stop> {
        let mut data = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;

        pattern::fill(&mut data, DATA, 0);
        Ok(Self { data: Some(data) })
    }

    /// Checks that the buffer is back and has the pattern.
    fn compare(&self, seed: u32) -> Result<(), Stop> {
        match &self.data {
            Some(data) if data.len() == SIZE => Ok(pattern::compare(data, seed, 0)?),
            _ => fail("the buffer is not back in its place"),
        }
    }
}

/// Checks that the device has received the pattern.
fn arrived(ctx: &Context<'_>, seed: u32) -> Result<(), Stop> {
    let mut seen = [0; SIZE];

    fetch(ctx, &mut seen)?;
    Ok(pattern::compare(&seen, seed, 0)?)
}

/// Writes memory, and lets the device read and then write it, in one closure.
fn round_trip(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let edu = ctx.edu()?;
    let mut request = Request::new()?;
    let mut witness = Ok("");
    let mut other = [0; SIZE];
    pattern::fill(&mut other, OTHER, 0);

    let place = with_mapping(ctx.dev, &mut request.data, Bidirectional, |scoped| {
        let place = Place::of(scoped.mapping().ok_or(EFAULT)?);
        witness = place.mapped(ctx);

        scoped.sync_for_cpu().ok_or(EFAULT)?.copy_from_slice(&other);
        scoped.read(edu, 0..SIZE, JOB, TIMEOUT)?;

        let mut seen = [0; SIZE];
        fetch(ctx, &mut seen).map_err(|_| EIO)?;
        if seen != other {
            return Err(EBADMSG);
        }

        pattern::fill(&mut seen, DATA, 0);
        load(ctx, &seen).map_err(|_| EIO)?;
        scoped.write(edu, 0..SIZE, JOB, TIMEOUT)?;
        Ok(place)
    })?;

    request.compare(DATA)?;
    place.unmapped(ctx)?;

    Ok(place.evidence("dma_map_single", [ctx.moved("round trip"), witness?]))
}

/// Checks that a transfer that times out is aborted, and that the buffer comes back.
fn timed_out(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    let mut request = Request::new()?;
    let mut again = Err(EFAULT);
    let mut witness = Ok("");
    let mut place = None;

    let result = with_mapping(ctx.dev, &mut request.data, ToDevice, |scoped| {
        let at = Place::of(scoped.mapping().ok_or(EFAULT)?);
        place = Some(at);
        witness = at.mapped(ctx);

        let result = scoped.read(edu, 0..SIZE, JOB, 1);

        // The transfer was aborted, and the engine is idle.
        again = scoped.read(edu, 0..SIZE, JOB, TIMEOUT);
        result
    });

    if result != Err(ETIMEDOUT) {
        return fail("a transfer of 100 ms ended within 1 ms");
    }
    again?;
    witness?;
    place.ok_or(EFAULT)?.unmapped(ctx)?;
    request.compare(DATA)?;
    arrived(ctx, DATA)?;
    Ok("read aborted after ETIMEDOUT witness: buffer came back intact, round trip")
}

/// Checks that the buffer is returned after an error of the closure, and of the start of a
/// transfer.
fn closure_fails(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    let mut request = Request::new()?;
    let mut refused = Ok(());
    let mut place = None;

    let result: Result = with_mapping(ctx.dev, &mut request.data, ToDevice, |scoped| {
        place = scoped.mapping().map(Place::of);
        refused = scoped.read(edu, 0..SIZE + 1, JOB, TIMEOUT);
        Err(EXDEV)
    });

    if result != Err(EXDEV) || refused != Err(EINVAL) {
        return fail("the errors are not those expected");
    }
    request.compare(DATA)?;
    place.ok_or(EFAULT)?.unmapped(ctx)?;
    Ok("error returned witness: buffer came back intact, iova_to_phys")
}

/// Checks that a buffer that cannot be mapped stays in its place, and that the closure is not
/// called.
fn refused(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut nothing: Option<KVec<u8>> = None;
    let mut empty = Some(KVec::<u8>::new());
    let mut called = false;

    let results = [
        with_mapping(ctx.dev, &mut nothing, ToDevice, |_| {
            called = true;
            Ok(())
        }),
        with_mapping(ctx.dev, &mut empty, ToDevice, |_| {
            called = true;
            Ok(())
        }),
    ];

    if results != [Err(EINVAL); 2] || called || nothing.is_some() || empty.is_none() {
        return fail("an empty buffer, or none, was mapped");
    }
    Ok("with_mapping refused with EINVAL witness: an empty buffer came back")
}
