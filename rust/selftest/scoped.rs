// SPDX-License-Identifier: GPL-2.0

//! Mappings for the time of a closure.

use super::{
    bounce::placed,
    evidence::{
        Evidence,
        Failure,
        Stop, //
    },
    ktap::Suite,
    moves::{
        DATA,
        OTHER, //
    },
    pattern,
    scratch::{
        fetch,
        load,
        JOB,
        TIMEOUT, //
    },
    Context, //
};
use crate::dma::{
    direction::{
        Bidirectional,
        ToDevice, //
    },
    scoped::with_mapping, //
};
use crate::testdev::addresses::{Number, Phys};
use kernel::{
    dma::DataDirection,
    prelude::*, //
};

const SIZE: usize = 512;

pub(super) const PLAN: usize = 4;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("round trip"), round_trip(ctx));
    suite.result(fmt!("time-out"), timed_out(ctx));
    suite.result(fmt!("error of the closure"), closure_fails(ctx));
    suite.result(fmt!("refused"), refused(ctx));
}

/// Something that has a buffer, which is not given away.
struct Request {
    data: Option<KVec<u8>>,
}

impl Request {
    fn new() -> Result<Self, Stop> {
        let mut data = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;

        pattern::fill(&mut data, DATA, 0);
        Ok(Self { data: Some(data) })
    }

    /// Checks that the buffer is there again, and has the pattern.
    fn compare(&self, seed: u32) -> Result<(), Stop> {
        match &self.data {
            Some(data) if data.len() == SIZE => Ok(pattern::compare(data, seed, 0)?),
            _ => Err(Failure::Unexpected("the buffer is not back in its place").into()),
        }
    }
}

/// Checks that the device has the pattern.
fn arrived(ctx: &Context<'_>, seed: u32) -> Result<(), Stop> {
    let mut seen = [0; SIZE];

    fetch(ctx, &mut seen)?;
    Ok(pattern::compare(&seen, seed, 0)?)
}

/// The device reads, the CPU has its turn, the device writes: in one closure.
fn round_trip(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let edu = ctx.edu()?;
    let mut request = Request::new()?;
    let mut witness = Ok("");
    let mut other = [0; SIZE];
    pattern::fill(&mut other, OTHER, 0);

    let (dma, phys) = with_mapping(ctx.dev, &mut request.data, Bidirectional, |scoped| {
        let mapping = scoped.mapping().ok_or(EFAULT)?;
        let (dma, phys) = (mapping.span().number(), mapping.phys());
        witness = placed::<Bidirectional>(ctx, dma, SIZE, phys);

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
        Ok((dma, phys))
    })?;

    request.compare(DATA)?;
    ctx.witness.unmapped(dma, SIZE)?;

    Ok(Evidence {
        operation: "dma_map_single",
        direction: DataDirection::Bidirectional,
        size: SIZE,
        phys,
        dma,
        witnesses: [ctx.moved("round trip"), witness?],
    })
}

/// A transfer that takes too long is over when the error is there, and the buffer is back.
fn timed_out(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    let mut request = Request::new()?;
    let mut again = Err(EFAULT);
    let mut witness = Ok("");
    let mut dma = None;

    let result = with_mapping(ctx.dev, &mut request.data, ToDevice, |scoped| {
        let mapping = scoped.mapping().ok_or(EFAULT)?;
        let (addr, phys) = (mapping.span().number(), mapping.phys());
        dma = Some(addr);
        witness = placed::<ToDevice>(ctx, addr, SIZE, phys);

        let result = scoped.read(edu, 0..SIZE, JOB, 1);

        // It is aborted: the engine is free.
        again = scoped.read(edu, 0..SIZE, JOB, TIMEOUT);
        result
    });

    if result != Err(ETIMEDOUT) {
        return Err(Failure::Unexpected("a transfer of 100 ms was over in one").into());
    }
    again?;
    witness?;
    ctx.witness.unmapped(dma.ok_or(EFAULT)?, SIZE)?;
    request.compare(DATA)?;
    arrived(ctx, DATA)?;
    Ok("read aborted after ETIMEDOUT witness: buffer came back intact, round trip")
}

/// An error in the closure, or of a transfer that could not be started, loses nothing.
fn closure_fails(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    let mut request = Request::new()?;
    let mut refused = Ok(());
    let mut dma = None;

    let result: Result = with_mapping(ctx.dev, &mut request.data, ToDevice, |scoped| {
        dma = scoped.mapping().map(|mapping| mapping.span().number());
        refused = scoped.read(edu, 0..SIZE + 1, JOB, TIMEOUT);
        Err(EXDEV)
    });

    if result != Err(EXDEV) || refused != Err(EINVAL) {
        return Err(Failure::Unexpected("other errors than those expected").into());
    }
    request.compare(DATA)?;
    ctx.witness.unmapped(dma.ok_or(EFAULT)?, SIZE)?;
    Ok("error returned witness: buffer came back intact, iova_to_phys")
}

/// What cannot be mapped stays in its place, and the closure is not called.
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
        return Err(Failure::Unexpected("an empty buffer, or none, was mapped").into());
    }
    Ok("with_mapping refused with EINVAL witness: an empty buffer came back")
}
