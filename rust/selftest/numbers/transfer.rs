// SPDX-License-Identifier: GPL-2.0

//! Boundary values for transfers and registers.

use super::{
    is_usable,
    is_within,
    ranges,
    Tally, //
};
use crate::{
    dma::ErrorWith,
    selftest::{
        device_buffer::mark,
        prelude::*,
        resource::MappedBar, //
    }, //
};

/// The length of the memory, which is short because each valid range takes 100 ms to transfer.
const LEN: usize = 2;

/// Timeouts that expire before the end of a transfer, and long ones.
const TIMEOUTS: [Delta; 9] = [
    Delta::from_nanos(i64::MIN),
    Delta::from_nanos(-1),
    Delta::ZERO,
    SOON,
    Delta::from_millis(i32::MAX as i64),
    Delta::from_millis(i32::MAX as i64 + 1),
    Delta::from_millis(u32::MAX as i64),
    Delta::from_millis(u32::MAX as i64 + 1),
    Delta::from_nanos(i64::MAX),
];

pub(super) fn from_bar(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let bar = MappedBar::first(ctx)?;
    let size = usize::try_from(ctx.pdev.resource_len(bar.number())?)?;

    for range in ranges(size) {
        let region = bar.region(range.clone());

        if let Some(region) = tally.expect(region, is_within(&range, size))? {
            if let Ok(mapping) = ResourceMapping::map(ctx.dev, region, Bidirectional) {
                is_usable(ctx, mapping.range(), range.len())?;
            }
        }
    }
    Ok(())
}

type Memory<'a> = CoherentMemory<'a, [u8]>;
type Started<'a, 'b> =
    Result<Transfer<Channel<'a, &'a Edu<'a>>, Memory<'b>>, ErrorWith<Memory<'b>>>;

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
            Err(ErrorWith { value: memory, .. }) => {
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
        Transfer::to_device(edu.channel(), memory, range, JOB)
    })
}

pub(super) fn write(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let edu = ctx.edu()?;

    transfers(ctx, tally, |memory, range| {
        Transfer::from_device(edu.channel(), memory, range, JOB)
    })
}

pub(super) fn wait(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let edu = ctx.edu()?;
    let mut memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, LEN, GFP_KERNEL)?;
    let dma = mark(ctx, &memory);

    for timeout in TIMEOUTS {
        let works = timeout > SOON;

        memory = match Transfer::to_device(edu.channel(), memory, 0..LEN, JOB)?.wait(timeout) {
            Ok(memory) => tally.expect(Ok::<_, Error>(memory), works)?.ok_or(EFAULT)?,
            Err(WaitError::InFlight(error, transfer)) => {
                tally.expect(Err::<(), _>(error), works)?;
                transfer.abort()?
            }
            Err(WaitError::Failed(error, _)) => return Err(error.into()),
        };
    }
    drop(memory);
    ctx.iommu.marks.unmapped(dma, LEN);
    Ok(())
}
