// SPDX-License-Identifier: GPL-2.0

//! Boundary values for transfers and registers.

use super::{
    is_usable,
    is_within,
    ranges,
    Tally, //
};
use crate::{
    dma::{
        scoped::ScopedMapping,
        transfer::StartError, //
    },
    selftest::{
        device_buffer::mark,
        prelude::*,
        resource::MappedBar, //
    }, //
};

/// The length of the memory, which is short because each valid range takes 100 ms to transfer.
const LEN: usize = 2;

/// Timeouts that expire before the end of a transfer, and long ones.
const TIMEOUTS: [Msecs; 6] = [
    0,
    1,
    i32::MAX as Msecs,
    i32::MAX as Msecs + 1,
    Msecs::MAX - 1,
    Msecs::MAX,
];

pub(super) fn of_bar(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let bar = MappedBar::first(ctx)?;
    let size = usize::try_from(ctx.pdev.resource_len(bar.number())?)?;

    for range in ranges(size) {
        let region = bar.region(range.clone());

        if let Some(region) = tally.expect(region, is_within(&range, size))? {
            if let Ok(mapping) = ResourceMapping::map(ctx.dev, region, Bidirectional) {
                is_usable(ctx, mapping.span(), range.len())?;
            }
        }
    }
    Ok(())
}

type Memory<'a> = CoherentMemory<'a, [u8]>;
type Started<'a, 'b> = Result<Transfer<&'a Edu<'a>, Memory<'b>>, StartError<Memory<'b>>>;

/// Starts transfers of all ranges, and waits for their ends.
fn transfers<'a, 'b>(
    ctx: &Context<'b>,
    tally: &mut Tally<'_>,
    mut start: impl FnMut(Memory<'b>, Range<usize>) -> Started<'a, 'b>,
) -> Result<(), Stop> {
    let mut memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, LEN, GFP_KERNEL)?;
    let dma = mark(ctx, &memory);

    for range in ranges(LEN) {
        let works = is_within(&range, LEN);

        memory = match start(memory, range) {
            Ok(transfer) => tally
                .expect(Ok::<_, Error>(transfer), works)?
                .ok_or(EFAULT)?
                .wait(TIMEOUT)?,
            Err(StartError { memory, .. }) => {
                tally.expect(Err::<(), _>(EINVAL), works)?;
                memory
            }
        };
    }
    drop(memory);
    ctx.iommu.marks.unmapped(dma, LEN);
    Ok(())
}

pub(super) fn read(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let edu = ctx.edu()?;

    transfers(ctx, tally, |memory, range| {
        Transfer::read(edu, memory, range, JOB)
    })
}

pub(super) fn write(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let edu = ctx.edu()?;

    transfers(ctx, tally, |memory, range| {
        Transfer::write(edu, memory, range, JOB)
    })
}

pub(super) fn wait(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let edu = ctx.edu()?;
    let mut memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, LEN, GFP_KERNEL)?;
    let dma = mark(ctx, &memory);

    for timeout in TIMEOUTS {
        let works = timeout > 1;

        memory = match Transfer::read(edu, memory, 0..LEN, JOB)?.wait(timeout) {
            Ok(memory) => tally.expect(Ok::<_, Error>(memory), works)?.ok_or(EFAULT)?,
            Err(WaitError::TimedOut(transfer)) => {
                tally.expect(Err::<(), _>(ETIMEDOUT), works)?;
                transfer.abort()?
            }
            Err(WaitError::Failed(error, _)) => return Err(error.into()),
        };
    }
    drop(memory);
    ctx.iommu.marks.unmapped(dma, LEN);
    Ok(())
}

type Scoped<'a> = ScopedMapping<'a, KVec<u8>, Bidirectional>;

/// Calls `transfer` with all ranges and timeouts.
///
/// Uses loops, because the symbols of a fold are too long for objtool.
fn sweep(
    tally: &mut Tally<'_>,
    mut transfer: impl FnMut(Range<usize>, Msecs) -> Result,
) -> Result<(), Failure> {
    for range in ranges(LEN) {
        let works = is_within(&range, LEN);
        tally.expect(transfer(range, TIMEOUT), works)?;
    }
    for timeout in TIMEOUTS {
        tally.expect(transfer(0..LEN, timeout), timeout > 1)?;
    }
    Ok(())
}

/// Sweeps `transfer` of a scoped mapping, and checks its addresses.
fn scoped<'a>(
    ctx: &Context<'a>,
    tally: &mut Tally<'_>,
    transfer: impl Fn(&mut Scoped<'a>, Range<usize>, Msecs) -> Result,
) -> Result<(), Stop> {
    let mut buffer = Some(KVec::from_elem(0u8, LEN, GFP_KERNEL)?);
    let mut seen = Ok("");
    let mut place = None;
    let mut swept: Result<(), Failure> = Ok(());

    with_mapping(ctx.dev, &mut buffer, Bidirectional, |scoped| {
        let at = Place::of(scoped.mapping().ok_or(EFAULT)?);
        seen = at.mapped(ctx);
        place = Some(at);

        swept = sweep(tally, |range, timeout| transfer(scoped, range, timeout));
        Ok(())
    })?;
    seen?;
    swept?;
    place.ok_or(EFAULT)?.unmapped(ctx)?;
    Ok(())
}

pub(super) fn scoped_read(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let edu = ctx.edu()?;

    scoped(ctx, tally, |scoped, range, timeout| {
        scoped.read(edu, range, JOB, timeout)
    })
}

pub(super) fn scoped_write(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let edu = ctx.edu()?;

    scoped(ctx, tally, |scoped, range, timeout| {
        scoped.write(edu, range, JOB, timeout)
    })
}
