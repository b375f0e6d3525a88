// SPDX-License-Identifier: GPL-2.0

//! The other side of a round trip: the device's own buffer, filled and read through coherent memory.
//!
//! That is mainline's, so that streaming mappings are not checked by streaming mappings.

use super::{
    evidence::Stop,
    Context, //
};
use crate::{
    dma::{
        coherent::CoherentMemory,
        transfer::Transfer, //
    },
    testdev::addresses::{phys_at, Number},
    testdev::edu::{
        Interrupt,
        Job, //
    }, //
};
use kernel::{
    dma::DataDirection,
    dma::DmaAddress,
    io::Io,
    prelude::*,
    time::Msecs, //
};

/// A transfer takes the device 100 ms; a loaded host may make that much more.
pub(super) const TIMEOUT: Msecs = 10_000;

/// Where all transfers of the checks begin in the device's buffer.
pub(super) const JOB: Job = Job {
    offset: 0,
    interrupt: Interrupt::Once,
};

/// Puts `bytes` into the device's buffer.
pub(super) fn load(ctx: &Context<'_>, bytes: &[u8]) -> Result<(), Stop> {
    load_by(ctx, bytes, JOB)
}

/// Puts `bytes` into the device's buffer, where the job says.
pub(super) fn load_by(ctx: &Context<'_>, bytes: &[u8], job: Job) -> Result<(), Stop> {
    let memory = CoherentMemory::from_slice(ctx.dev, bytes, GFP_KERNEL)?;
    let dma = claim(ctx, &memory);

    drop(Transfer::read(ctx.edu()?, memory, 0..bytes.len(), job)?.wait(TIMEOUT)?);
    ctx.witness.claims.unmapped(dma, bytes.len());
    Ok(())
}

/// Reads the device's buffer into `bytes`.
pub(super) fn fetch(ctx: &Context<'_>, bytes: &mut [u8]) -> Result<(), Stop> {
    let memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, bytes.len(), GFP_KERNEL)?;
    let dma = claim(ctx, &memory);

    let memory = Transfer::write(ctx.edu()?, memory, 0..bytes.len(), JOB)?.wait(TIMEOUT)?;
    memory.copy_to_slice(bytes);
    drop(memory);
    ctx.witness.claims.unmapped(dma, bytes.len());
    Ok(())
}

/// Says where the memory is, for the device and for the CPU; returns where for the device.
pub(super) fn claim(ctx: &Context<'_>, memory: &CoherentMemory<'_, [u8]>) -> DmaAddress {
    let dma = memory.span().number();

    ctx.witness
        .claims
        // Within the allocation; 0 would be seen to be wrong.
        .mapped(
            dma,
            memory.size(),
            DataDirection::Bidirectional,
            &|offset| phys_at(memory, offset).unwrap_or(0),
        );
    dma
}
