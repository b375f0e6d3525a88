// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CpuBuffer,
    Pages,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn send<E: Wait + Copy>(
    engine: E,
    frame: CpuBuffer<'_, Pages, ToDevice>,
    job: E::Command,
) -> Result {
    Transfer::to_device(engine, frame.sync_for_device(), 0..64, job)?.wait(Delta::from_secs(1))?;
    Ok(())
}
