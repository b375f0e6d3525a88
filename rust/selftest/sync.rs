// SPDX-License-Identifier: GPL-2.0

//! One mapping kept over many transfers, the CPU and the device taking turns.

use super::{
    bounce::placed,
    evidence::{
        Evidence,
        Failure,
        Stop, //
    },
    ktap::Suite,
    moves::{
        arrived,
        device_reads,
        device_writes, //
    },
    pattern,
    scratch::{
        fetch,
        JOB,
        TIMEOUT, //
    },
    Context, //
};
use crate::dma::{
    direction::{
        Bidirectional,
        Direction,
        FromDevice,
        Permits,
        ToDevice, //
    },
    streaming::Mapping,
    transfer::Transfer, //
};
use crate::testdev::addresses::{Number, Phys};
use core::ops::Range;
use kernel::{
    dma::DmaAddress,
    dma::{
        attrs::{
            DMA_ATTR_NO_WARN,
            DMA_ATTR_PRIVILEGED, //
        },
        Attrs, //
    },
    io::PhysAddr,
    prelude::*, //
};

pub(super) const SIZE: usize = 4096;
const ROUNDS: u32 = 16;

pub(super) const PLAN: usize = 6;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("to_device rounds"), to_device(ctx));
    suite.result(fmt!("from_device rounds"), from_device(ctx));
    suite.result(fmt!("bidirectional rounds"), bidirectional(ctx, plain()));
    let attrs = DMA_ATTR_NO_WARN | DMA_ATTR_PRIVILEGED;
    suite.result(
        fmt!("bidirectional rounds, attributes"),
        bidirectional(ctx, attrs),
    );
    suite.result(fmt!("partial"), partial(ctx));
    suite.result(fmt!("refused range"), refused_range(ctx));
}

/// A mapping under test, and where it was in the beginning.
pub(super) struct Subject<'a, D: Direction> {
    pub(super) mapping: Mapping<'a, KVec<u8>, D>,
    phys: PhysAddr,
    pub(super) dma: DmaAddress,
    witness: &'static str,
}

impl<'a, D: Permits<[u8]>> Subject<'a, D> {
    /// Maps a buffer of [`SIZE`] zeroes.
    pub(super) fn new(ctx: &Context<'a>, direction: D, attrs: Attrs) -> Result<Self, Stop> {
        let buffer = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
        let mapping = Mapping::map_attrs(ctx.dev, buffer, direction, attrs)?;

        let phys = mapping.phys();
        let dma = mapping.span().number();
        let witness = placed::<D>(ctx, dma, SIZE, phys)?;

        Ok(Self {
            mapping,
            phys,
            dma,
            witness,
        })
    }

    /// Checks that the mapping has stayed where it was, and ends it.
    pub(super) fn end(self, ctx: &Context<'_>, operation: &'static str) -> Result<Evidence, Stop> {
        self.end_by(ctx, [operation, ctx.moved("round trip")], |mapping| {
            drop(mapping);
            Ok(())
        })
    }

    /// Checks that the mapping has stayed where it was, and that it is gone when `end` has had it.
    ///
    /// What was done, and who has seen it, go into the evidence.
    pub(super) fn end_by(
        self,
        ctx: &Context<'_>,
        [operation, seen_by]: [&'static str; 2],
        end: impl FnOnce(Mapping<'a, KVec<u8>, D>) -> Result<(), Stop>,
    ) -> Result<Evidence, Stop> {
        if self.mapping.span().number() != self.dma {
            return Err(Failure::Unexpected("the DMA address has changed").into());
        }
        placed::<D>(ctx, self.dma, SIZE, self.phys)?;

        end(self.mapping)?;
        ctx.witness.unmapped(self.dma, SIZE)?;

        Ok(Evidence {
            operation,
            direction: D::DIRECTION,
            size: SIZE,
            phys: self.phys,
            dma: self.dma,
            witnesses: [seen_by, self.witness],
        })
    }
}

/// No attribute.
pub(super) fn plain() -> Attrs {
    DMA_ATTR_NO_WARN & !DMA_ATTR_NO_WARN
}

/// The CPU writes, the device reads.
fn to_device(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, ToDevice, plain())?;

    for round in 0..ROUNDS {
        let range = window(round);
        pattern::fill(&mut subject.mapping.sync_for_cpu(), round, 0);

        subject.mapping = device_reads(ctx, subject.mapping, range.clone())?;
        arrived(ctx, round, range)?;

        // What the CPU wrote is still there.
        pattern::compare(&subject.mapping.sync_for_cpu(), round, 0)?;
    }

    subject.end(ctx, "dma_sync_single_for_device")
}

/// The device writes, the CPU reads.
fn from_device(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, FromDevice, plain())?;

    for round in 0..ROUNDS {
        let range = window(round);

        subject.mapping = device_writes(ctx, subject.mapping, range.clone(), round, 0)?;
        let bytes = &subject.mapping.sync_for_cpu()[range.clone()];
        match ctx.edu {
            Some(_) => pattern::compare(bytes, round, range.start)?,
            None => pattern::all(bytes, 0)?,
        }
    }

    subject.end(ctx, "dma_sync_single_for_cpu")
}

/// Both in turn, with the same memory.
fn bidirectional(ctx: &Context<'_>, attrs: Attrs) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, Bidirectional, attrs)?;

    for round in 0..ROUNDS {
        let range = window(round);
        pattern::fill(&mut subject.mapping.sync_for_cpu(), round, 0);
        if let Some(edu) = ctx.edu {
            let mapping =
                Transfer::read(edu, subject.mapping, range.clone(), JOB)?.wait(TIMEOUT)?;
            subject.mapping = mapping;

            // The pattern can only come back from the device now.
            subject.mapping.sync_for_cpu()[range.clone()].fill(0);
            let mapping = Transfer::write(edu, subject.mapping, range, JOB)?.wait(TIMEOUT)?;
            subject.mapping = mapping;
        }

        // What was moved, and what was around it.
        pattern::compare(&subject.mapping.sync_for_cpu(), round, 0)?;
    }

    subject.end(ctx, "dma_sync_single_for_cpu, dma_sync_single_for_device")
}

/// A part is synced, and the rest is as it was.
fn partial(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    const PART: Range<usize> = 1000..1100;
    let mut subject = Subject::new(ctx, Bidirectional, plain())?;

    pattern::fill(&mut subject.mapping.sync_for_cpu(), 1, 0);
    pattern::fill(
        &mut subject.mapping.sync_range_for_cpu(PART)?,
        2,
        PART.start,
    );

    subject.mapping = device_reads(ctx, subject.mapping, 0..SIZE)?;
    if ctx.edu.is_some() {
        let mut seen = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
        fetch(ctx, &mut seen)?;
        pattern::compare(&seen[..PART.start], 1, 0)?;
        pattern::compare(&seen[PART], 2, PART.start)?;
        pattern::compare(&seen[PART.end..], 1, PART.end)?;
    }

    // And the other way: the device changes the part, and only the part is synced.
    subject.mapping = device_writes(ctx, subject.mapping, PART, 3, 0)?;
    let seed = if ctx.edu.is_some() { 3 } else { 2 };
    pattern::compare(&subject.mapping.sync_range_for_cpu(PART)?, seed, PART.start)?;

    subject.end(
        ctx,
        "dma_sync_single_range_for_cpu, dma_sync_single_range_for_device",
    )
}

/// Ranges of `size` bytes that are empty, beyond the end, or the wrong way round.
pub(super) fn bad_ranges(size: usize) -> [Range<usize>; 5] {
    [
        (0, 0),
        (0, size + 1),
        (size, size + 1),
        (2, 1),
        (usize::MAX, usize::MAX),
    ]
    .map(|(start, end)| start..end)
}

/// Ranges that are empty or beyond the end are refused.
fn refused_range(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut subject = Subject::new(ctx, Bidirectional, plain())?;

    for range in bad_ranges(SIZE) {
        if subject.mapping.sync_range_for_cpu(range).is_ok() {
            return Err(Failure::Unexpected("a bad range was synced").into());
        }
    }

    subject.end(ctx, "")?;
    Ok("dma_sync_single_range_for_cpu bidirectional refused with EINVAL witness: 5 ranges")
}

/// The part of the buffer that a round moves: 64 bytes, not aligned, elsewhere each time.
pub(super) fn window(round: u32) -> Range<usize> {
    // CAST: A small number.
    let start = 1 + round as usize * 250;

    start..start + 64
}
