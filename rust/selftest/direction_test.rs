// SPDX-License-Identifier: GPL-2.0

//! Transfers in each direction, and checks that data moved in that direction only.

use super::prelude::*;
use crate::dma::{
    DeviceReads,
    DeviceWrites, //
};

/// The pattern of transferred data, and another one.
pub(super) const DATA: u32 = 2;
pub(super) const OTHER: u32 = 3;

/// A direction with the patterns that show how data moved.
pub(super) trait DirectionTest: Direction + Copy {
    /// The direction as a value.
    const VALUE: Self;
    /// The pattern in memory before it is mapped.
    const BEFORE: u32;
    /// The pattern in memory after a transfer.
    const AFTER: u32;

    /// Returns the pattern expected in memory at the end, which is unchanged without an engine.
    fn after(ctx: &Context<'_>) -> u32 {
        match ctx.edu {
            Some(_) => Self::AFTER,
            None => Self::BEFORE,
        }
    }

    /// Transfers the bytes of `chunk`, and checks the data that the device received.
    ///
    /// `offset` is the offset of the first byte of `memory` in the pattern.
    fn through<M: Memory<Direction = Self>>(
        ctx: &Context<'_>,
        memory: M,
        chunk: Range<usize>,
        offset: usize,
    ) -> Result<M, Stop>;
}

/// Transfers the bytes of `range`, in chunks of the size of the device's buffer.
pub(super) fn part<M: Memory<Direction: DirectionTest>>(
    ctx: &Context<'_>,
    mut memory: M,
    range: Range<usize>,
    offset: usize,
) -> Result<M, Stop> {
    for start in range.clone().step_by(BUFFER_SIZE) {
        let chunk = start..range.end.min(start + BUFFER_SIZE);
        memory = M::Direction::through(ctx, memory, chunk, offset)?;
    }

    Ok(memory)
}

/// Lets the device read `range`, if it has an engine.
pub(super) fn device_reads<M: Memory<Direction: DeviceReads>>(
    ctx: &Context<'_>,
    memory: M,
    range: Range<usize>,
) -> Result<M, Stop> {
    match ctx.edu {
        Some(edu) => Ok(Transfer::to_device(edu.channel(), memory, range, JOB)?.wait(TIMEOUT)?),
        None => Ok(memory),
    }
}

/// Checks that the device has received the bytes `range` of the pattern, if it has an engine.
pub(super) fn arrived(ctx: &Context<'_>, seed: u32, range: Range<usize>) -> Result<(), Stop> {
    if ctx.edu.is_none() {
        return Ok(());
    }
    let mut seen = KVec::from_elem(0u8, range.len(), GFP_KERNEL)?;

    fetch(ctx, &mut seen)?;
    Ok(pattern::compare(&seen, seed, range.start)?)
}

/// Lets the device write the pattern `seed` to `range`, if it has an engine. `offset` is the offset
/// of the first byte of `memory` in the pattern.
pub(super) fn device_writes<M: Memory<Direction: DeviceWrites>>(
    ctx: &Context<'_>,
    memory: M,
    range: Range<usize>,
    seed: u32,
    offset: usize,
) -> Result<M, Stop> {
    let Some(edu) = ctx.edu else {
        return Ok(memory);
    };
    let mut data = KVec::from_elem(0u8, range.len(), GFP_KERNEL)?;
    pattern::fill(&mut data, seed, offset + range.start);

    load(ctx, &data)?;
    Ok(Transfer::from_device(edu.channel(), memory, range, JOB)?.wait(TIMEOUT)?)
}

/// Lets the device read `chunk`, and checks the data that it received.
fn to_device<M: Memory<Direction: DeviceReads>>(
    ctx: &Context<'_>,
    memory: M,
    chunk: Range<usize>,
    offset: usize,
) -> Result<M, Stop> {
    let range = offset + chunk.start..offset + chunk.end;

    let memory = device_reads(ctx, memory, chunk)?;
    arrived(ctx, DATA, range)?;

    Ok(memory)
}

impl DirectionTest for ToDevice {
    const VALUE: Self = Self;
    const BEFORE: u32 = DATA;
    const AFTER: u32 = DATA;

    fn through<M: Memory<Direction = Self>>(
        ctx: &Context<'_>,
        memory: M,
        chunk: Range<usize>,
        offset: usize,
    ) -> Result<M, Stop> {
        to_device(ctx, memory, chunk, offset)
    }
}

impl DirectionTest for FromDevice {
    const VALUE: Self = Self;
    const BEFORE: u32 = OTHER;
    const AFTER: u32 = DATA;

    fn through<M: Memory<Direction = Self>>(
        ctx: &Context<'_>,
        memory: M,
        chunk: Range<usize>,
        offset: usize,
    ) -> Result<M, Stop> {
        device_writes(ctx, memory, chunk, DATA, offset)
    }
}

impl DirectionTest for Bidirectional {
    const VALUE: Self = Self;
    const BEFORE: u32 = DATA;
    const AFTER: u32 = OTHER;

    fn through<M: Memory<Direction = Self>>(
        ctx: &Context<'_>,
        memory: M,
        chunk: Range<usize>,
        offset: usize,
    ) -> Result<M, Stop> {
        let memory = to_device(ctx, memory, chunk.clone(), offset)?;

        device_writes(ctx, memory, chunk, OTHER, offset)
    }
}
