// SPDX-License-Identifier: GPL-2.0

//! Syncs of one mapping between the CPU and the device, over many transfers.

use super::{
    direction_test::{
        arrived,
        device_reads,
        device_writes, //
    },
    prelude::*, //
};

pub(super) const SIZE: usize = 4096;
const ROUNDS: u32 = 16;

pub(super) const PLAN: usize = 6;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("to_device rounds"), to_device(ctx));
    suite.result(fmt!("from_device rounds"), from_device(ctx));
    suite.result(fmt!("bidirectional rounds"), bidirectional(ctx, no_attrs()));
    let attrs = DMA_ATTR_NO_WARN | DMA_ATTR_PRIVILEGED;
    suite.result(
        fmt!("bidirectional rounds, attributes"),
        bidirectional(ctx, attrs),
    );
    suite.result(fmt!("partial"), partial(ctx));
    suite.result(fmt!("refused range"), refused_range(ctx));
}

/// A mapping under test.
pub(super) struct Subject<'a, D: Direction> {
    pub(super) mapping: Mapping<'a, KVec<u8>, D>,
    pub(super) place: Place,
    witness: &'static str,
}

impl<'a, D: Permits<[u8]>> Subject<'a, D> {
    /// Maps a buffer of [`SIZE`] zeroes.
    pub(super) fn new(ctx: &Context<'a>, direction: D, attrs: Attrs) -> Result<Self, Stop> {
        let buffer = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
        let mapping = Mapping::map_with_attrs(ctx.dev, buffer, direction, attrs)?;
        let place = Place::of(&mapping);
        let witness = place.mapped(ctx)?;

        Ok(Self {
            mapping,
            place,
            witness,
        })
    }

    /// Drops the mapping; see [`Self::end_by`].
    pub(super) fn end(self, ctx: &Context<'_>, operation: &'static str) -> Result<Evidence, Stop> {
        self.end_by(ctx, [operation, ctx.moved("round trip")], |mapping| {
            drop(mapping);
            Ok(())
        })
    }

    /// Checks that the mapping has kept its place, and that it is unmapped after `end`.
    pub(super) fn end_by(
        self,
        ctx: &Context<'_>,
        [operation, witness]: [&'static str; 2],
        end: impl FnOnce(Mapping<'a, KVec<u8>, D>) -> Result<(), Stop>,
    ) -> Result<Evidence, Stop> {
        if Place::of(&self.mapping) != self.place {
            return fail("the mapping has moved");
        }
        self.place.mapped(ctx)?;

        end(self.mapping)?;
        self.place.unmapped(ctx)?;

        Ok(self.place.evidence(operation, [witness, self.witness]))
    }
}

/// Writes data, and lets the device read it.
fn to_device(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, ToDevice, no_attrs())?;

    for round in 0..ROUNDS {
        let range = window(round);
        pattern::fill(&mut subject.mapping.sync_for_cpu(), round, 0);

        subject.mapping = device_reads(ctx, subject.mapping, range.clone())?;
        arrived(ctx, round, range)?;

        // The device changed nothing.
        pattern::compare(&subject.mapping.sync_for_cpu(), round, 0)?;
    }

    subject.end(ctx, "dma_sync_single_for_device")
}

/// Lets the device write data, and reads it.
fn from_device(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, FromDevice, no_attrs())?;

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

/// Writes data, and lets the device write, alternately.
fn bidirectional(ctx: &Context<'_>, attrs: Attrs) -> Result<Evidence, Stop> {
    let mut subject = Subject::new(ctx, Bidirectional, attrs)?;

    for round in 0..ROUNDS {
        let range = window(round);
        pattern::fill(&mut subject.mapping.sync_for_cpu(), round, 0);
        if let Some(edu) = ctx.edu {
            let mapping = Transfer::to_device(edu.channel(), subject.mapping, range.clone(), JOB)?
                .wait(TIMEOUT)?;
            subject.mapping = mapping;

            // Now only the device has the pattern.
            subject.mapping.sync_for_cpu()[range.clone()].fill(0);
            let mapping =
                Transfer::from_device(edu.channel(), subject.mapping, range, JOB)?.wait(TIMEOUT)?;
            subject.mapping = mapping;
        }

        // The transferred bytes, and those around them.
        pattern::compare(&subject.mapping.sync_for_cpu(), round, 0)?;
    }

    subject.end(ctx, "dma_sync_single_for_cpu, dma_sync_single_for_device")
}

/// Syncs a part, and checks that the rest is unchanged.
fn partial(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    const PART: Range<usize> = 1000..1100;
    let mut subject = Subject::new(ctx, Bidirectional, no_attrs())?;

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

    // The device writes to the part, and only the part is synced.
    subject.mapping = device_writes(ctx, subject.mapping, PART, 3, 0)?;
    let seed = if ctx.edu.is_some() { 3 } else { 2 };
    pattern::compare(&subject.mapping.sync_range_for_cpu(PART)?, seed, PART.start)?;

    subject.end(
        ctx,
        "dma_sync_single_range_for_cpu, dma_sync_single_range_for_device",
    )
}

/// Returns ranges that are empty, beyond the end of `size` bytes, or reversed.
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

/// Checks that the ranges of [`bad_ranges`] are refused.
fn refused_range(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut subject = Subject::new(ctx, Bidirectional, no_attrs())?;

    for range in bad_ranges(SIZE) {
        if subject.mapping.sync_range_for_cpu(range).is_ok() {
            return fail("a bad range was synced");
        }
    }

    subject.end(ctx, "")?;
    Ok("dma_sync_single_range_for_cpu bidirectional refused with EINVAL witness: 5 ranges")
}

/// Returns the range that a round transfers: 64 bytes, unaligned and different in each round.
pub(super) fn window(round: u32) -> Range<usize> {
    // CAST: A small number.
    let start = 1 + round as usize * 250;

    start..start + 64
}
