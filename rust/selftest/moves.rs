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
    /// The pattern that must be there afterwards.
    const AFTER: u32;

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

/// Lets the device read `chunk`, and checks that it has got the pattern.
fn to_device<M: DeviceMemory<Direction: DeviceReads>>(
    ctx: &Context<'_>,
    memory: M,
    chunk: Range<usize>,
    offset: usize,
) -> Result<M, Stop> {
    let mut seen = KVec::from_elem(0u8, chunk.len(), GFP_KERNEL)?;
    let start = offset + chunk.start;

    let memory = Transfer::read(ctx.edu, memory, chunk, JOB)?.wait(TIMEOUT)?;
    fetch(ctx, &mut seen)?;
    pattern::compare(&seen, DATA, start)?;

    Ok(memory)
}

/// Lets the device write the pattern `seed` to `chunk`.
fn from_device<M: DeviceMemory<Direction: DeviceWrites>>(
    ctx: &Context<'_>,
    memory: M,
    chunk: Range<usize>,
    offset: usize,
    seed: u32,
) -> Result<M, Stop> {
    let mut data = KVec::from_elem(0u8, chunk.len(), GFP_KERNEL)?;
    pattern::fill(&mut data, seed, offset + chunk.start);

    load(ctx, &data)?;
    Ok(Transfer::write(ctx.edu, memory, chunk, JOB)?.wait(TIMEOUT)?)
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
        from_device(ctx, memory, chunk, offset, DATA)
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

        from_device(ctx, memory, chunk, offset, OTHER)
    }
}
