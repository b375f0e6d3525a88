// SPDX-License-Identifier: GPL-2.0

//! Data moved through the device, in each direction, and how to see that it went that way.

use super::{
    evidence::Stop,
    pattern,
    scratch::{
        fetch,
        load,
        JOB,
        TIMEOUT, //
    },
    Context, //
};
use crate::{
    dma::{
        direction::{
            Bidirectional,
            DeviceReads,
            DeviceWrites,
            Direction,
            FromDevice,
            ToDevice, //
        },
        transfer::{
            DeviceMemory,
            Transfer, //
        }, //
    },
    testdev::edu::BUFFER_SIZE, //
};
use core::ops::Range;
use kernel::prelude::*;

/// The pattern of what is moved, and that of what must not stay or must not change.
pub(super) const DATA: u32 = 2;
pub(super) const OTHER: u32 = 3;

/// A direction, and how to see that data goes that way and no other.
pub(super) trait Moves: Direction + Copy {
    /// The direction as a value.
    const VALUE: Self;
    /// The pattern that is in the memory before it is mapped.
    const BEFORE: u32;
    /// The pattern that must be there after data was moved.
    const AFTER: u32;

    /// The pattern that must be there afterwards, if anybody moves data.
    fn after(ctx: &Context<'_>) -> u32 {
        match ctx.edu {
            Some(_) => Self::AFTER,
            None => Self::BEFORE,
        }
    }

    /// Moves the bytes of `chunk` through the device, and checks what can be checked on the way.
    ///
    /// The first byte of `memory` is at `offset` of the pattern.
    fn through<M: DeviceMemory<Direction = Self>>(
        ctx: &Context<'_>,
        memory: M,
        chunk: Range<usize>,
        offset: usize,
    ) -> Result<M, Stop>;
}

/// Moves all of `memory`, as much as the device takes at a time.
pub(super) fn all<M: DeviceMemory<Direction: Moves>>(
    ctx: &Context<'_>,
    mut memory: M,
    offset: usize,
) -> Result<M, Stop> {
    let len = memory.span().len();

    for start in (0..len).step_by(BUFFER_SIZE) {
        let chunk = start..len.min(start + BUFFER_SIZE);
        memory = M::Direction::through(ctx, memory, chunk, offset)?;
    }

    Ok(memory)
}

/// Lets the device read `range`; without an engine, nobody reads it.
pub(super) fn device_reads<M: DeviceMemory<Direction: DeviceReads>>(
    ctx: &Context<'_>,
    memory: M,
    range: Range<usize>,
) -> Result<M, Stop> {
    match ctx.edu {
        Some(edu) => Ok(Transfer::read(edu, memory, range, JOB)?.wait(TIMEOUT)?),
        None => Ok(memory),
    }
}

/// Checks that the device has read the bytes of `range` of the pattern, if it has an engine.
pub(super) fn arrived(ctx: &Context<'_>, seed: u32, range: Range<usize>) -> Result<(), Stop> {
    if ctx.edu.is_none() {
        return Ok(());
    }
    let mut seen = KVec::from_elem(0u8, range.len(), GFP_KERNEL)?;

    fetch(ctx, &mut seen)?;
    Ok(pattern::compare(&seen, seed, range.start)?)
}

/// Lets the device write the pattern `seed` to `range`, the first byte of memory being at `offset` of it;
/// without an engine, nobody writes.
pub(super) fn device_writes<M: DeviceMemory<Direction: DeviceWrites>>(
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
    Ok(Transfer::write(edu, memory, range, JOB)?.wait(TIMEOUT)?)
}

/// Lets the device read `chunk`, and checks that it has got the pattern.
fn to_device<M: DeviceMemory<Direction: DeviceReads>>(
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

impl Moves for ToDevice {
    const VALUE: Self = Self;
    const BEFORE: u32 = DATA;
    const AFTER: u32 = DATA;

    fn through<M: DeviceMemory<Direction = Self>>(
        ctx: &Context<'_>,
        memory: M,
        chunk: Range<usize>,
        offset: usize,
    ) -> Result<M, Stop> {
        to_device(ctx, memory, chunk, offset)
    }
}

impl Moves for FromDevice {
    const VALUE: Self = Self;
    const BEFORE: u32 = OTHER;
    const AFTER: u32 = DATA;

    fn through<M: DeviceMemory<Direction = Self>>(
        ctx: &Context<'_>,
        memory: M,
        chunk: Range<usize>,
        offset: usize,
    ) -> Result<M, Stop> {
        device_writes(ctx, memory, chunk, DATA, offset)
    }
}

impl Moves for Bidirectional {
    const VALUE: Self = Self;
    const BEFORE: u32 = DATA;
    const AFTER: u32 = OTHER;

    fn through<M: DeviceMemory<Direction = Self>>(
        ctx: &Context<'_>,
        memory: M,
        chunk: Range<usize>,
        offset: usize,
    ) -> Result<M, Stop> {
        let memory = to_device(ctx, memory, chunk.clone(), offset)?;

        device_writes(ctx, memory, chunk, OTHER, offset)
    }
}
