// SPDX-License-Identifier: GPL-2.0

//! Access to the internal buffer of `edu`, for round trips.
//!
//! Uses mainline's coherent memory, so that streaming mappings are not checked by themselves.

use super::prelude::*;
use crate::testdev::edu::Interrupt;

/// The timeout of a transfer, which takes 100 ms, or more if the host is loaded.
pub(super) const TIMEOUT: Delta = Delta::from_secs(10);
/// A timeout that is over before a transfer completes.
pub(super) const SOON: Delta = Delta::from_millis(1);

/// A transfer from or to the start of the device's buffer.
pub(super) const JOB: Job = Job {
    offset: 0,
    interrupt: Interrupt::Once,
};

/// Writes `bytes` to the device's buffer.
pub(super) fn load(ctx: &Context<'_>, bytes: &[u8]) -> Result<(), Stop> {
    load_by(ctx, bytes, JOB)
}

/// Writes `bytes` to the device's buffer, at the offset of the job.
pub(super) fn load_by(ctx: &Context<'_>, bytes: &[u8], job: Job) -> Result<(), Stop> {
    let memory = CoherentMemory::from_slice(ctx.dev, bytes, GFP_KERNEL)?;
    let dma = mark(ctx, &memory);

    drop(Transfer::to_device(ctx.edu()?.channel(), memory, 0..bytes.len(), job)?.wait(TIMEOUT)?);
    ctx.iommu.marks.unmapped(dma, bytes.len());
    Ok(())
}

/// Reads the device's buffer into `bytes`.
pub(super) fn fetch(ctx: &Context<'_>, bytes: &mut [u8]) -> Result<(), Stop> {
    let memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, bytes.len(), GFP_KERNEL)?;
    let dma = mark(ctx, &memory);

    let memory =
        Transfer::from_device(ctx.edu()?.channel(), memory, 0..bytes.len(), JOB)?.wait(TIMEOUT)?;
    memory.copy_to_slice(bytes);
    drop(memory);
    ctx.iommu.marks.unmapped(dma, bytes.len());
    Ok(())
}

/// Prints the trace mark of the memory and returns its DMA address.
pub(super) fn mark(ctx: &Context<'_>, memory: &CoherentMemory<'_, [u8]>) -> DmaAddress {
    let dma = memory.range().number();

    ctx.iommu
        .marks
        // Beyond the end, 0 is a wrong translation.
        .mapped(
            dma,
            memory.size(),
            DataDirection::Bidirectional,
            &|offset| phys_at(memory, offset).unwrap_or(0),
        );
    dma
}
