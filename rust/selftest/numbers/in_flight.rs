// SPDX-License-Identifier: GPL-2.0

//! Boundary values for rings, tables of commands in flight, and segments.

use super::{
    around,
    ranges,
    Tally, //
};
use crate::{
    dma::{
        in_flight,
        CompletionRing,
        DescriptorRing,
        EntryFlag,
        FlaggedEntry,
        Segments,
        SubmissionRing,
        Submitter,
        Untrusted, //
    },
    selftest::prelude::*, //
};
use kernel::transmute::{
    AsBytes,
    FromBytes, //
};

/// The maximum number of entries of a ring, and of commands in flight.
const MOST: usize = 1 << 16;

#[derive(Clone, Copy)]
#[repr(transparent)]
struct Entry(u32);

// SAFETY: This is an integer.
unsafe impl AsBytes for Entry {}
// SAFETY: This is an integer.
unsafe impl FromBytes for Entry {}

impl FlaggedEntry for Entry {
    const FLAG: EntryFlag = EntryFlag::le32(0, 31);
}

pub(super) fn submission(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for len in around(MOST) {
        let ring = SubmissionRing::<Entry>::new(ctx.dev, len, GFP_KERNEL);

        if let Some(mut ring) = tally.expect(ring, (2..=MOST).contains(&len))? {
            ring.push(Entry(1))?;
        }
    }
    Ok(())
}

pub(super) fn completion(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for len in around(MOST) {
        let ring = CompletionRing::<Entry>::new(ctx.dev, len, GFP_KERNEL);

        if let Some(mut ring) = tally.expect(ring, (1..=MOST).contains(&len))? {
            if ring.pop().is_some() {
                return fail("a new ring has an entry");
            }
        }
    }
    Ok(())
}

pub(super) fn descriptor(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for len in around(MOST) {
        let ring = DescriptorRing::<Entry>::new(ctx.dev, len, GFP_KERNEL);

        if let Some(mut ring) = tally.expect(ring, (1..=MOST).contains(&len))? {
            ring.post(Entry(1))?;
        }
    }
    Ok(())
}

pub(super) fn set_head(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    const LEN: usize = 8;
    const PUSHED: u16 = 3;

    for head in around(LEN).filter_map(|head| u16::try_from(head).ok()) {
        let mut ring = SubmissionRing::new(ctx.dev, LEN, GFP_KERNEL)?;
        for _ in 0..PUSHED {
            ring.push(Entry(0))?;
        }

        let set = ring.set_head(Untrusted::new(head));
        tally.expect(set, head <= PUSHED)?;
    }
    Ok(())
}

type Sender<'a> = Submitter<Channel<'a, &'a Edu<'a>>, Mapping<'a, KVec<u8>, ToDevice>, ()>;

pub(super) fn depth(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for depth in around(MOST) {
        let ends: Result<(Sender<'_>, _)> = in_flight(ctx.edu()?.channel(), depth);

        tally.expect(ends, (1..=MOST).contains(&depth))?;
    }
    Ok(())
}

/// Calls `submit` with tags beyond a table.
fn tags<'a>(
    ctx: &Context<'a>,
    tally: &mut Tally<'_>,
    submit: impl Fn(&mut Sender<'a>, u16, Mapping<'a, KVec<u8>, ToDevice>) -> Result,
) -> Result<(), Stop> {
    const DEPTH: usize = 2;
    let (mut submitter, _completer) = in_flight(ctx.edu()?.channel(), DEPTH)?;

    for tag in around(u16::MAX.into()).filter_map(|tag| u16::try_from(tag).ok()) {
        if usize::from(tag) >= DEPTH {
            let buffer = KVec::from_elem(0u8, 64, GFP_KERNEL)?;
            let mapping = Mapping::map(ctx.dev, buffer, ToDevice)?;

            tally.expect(submit(&mut submitter, tag, mapping), false)?;
        }
    }
    Ok(())
}

pub(super) fn submit(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    tags(ctx, tally, |submitter, tag, memory| {
        Ok(submitter.submit(tag, memory, (), JOB)?)
    })
}

pub(super) fn push(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    tags(ctx, tally, |submitter, tag, memory| {
        Ok(submitter.push(tag, memory, (), JOB)?)
    })
}

pub(super) fn found(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    tags(ctx, tally, |submitter, tag, _| {
        submitter.command_id(tag).map(|_| ()).ok_or(EINVAL)
    })
}

pub(super) fn slice(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    const LEN: usize = 100;
    let mapping = Mapping::map(ctx.dev, KVec::from_elem(0u8, LEN, GFP_KERNEL)?, ToDevice)?;

    for range in ranges(LEN) {
        let part = Segments::from(mapping.range()).slice(range.clone());
        let works = range.start <= range.end && range.end <= LEN;

        tally.expect(part.ok_or(EINVAL), works)?;
    }
    Ok(())
}
