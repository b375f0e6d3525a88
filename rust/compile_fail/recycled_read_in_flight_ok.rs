// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    CpuBuffer,
    DeviceBuffer,
    Pages,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn echo<'a, E: Wait + Copy>(
    engine: E,
    memory: DeviceBuffer<'a, Pages, Bidirectional>,
    job: E::Command,
) -> Result<Option<CpuBuffer<'a, Pages, Bidirectional>>> {
    let memory = Transfer::from_device(engine, memory, 0..64, job)?.wait(Delta::from_secs(1))?;

    Ok(memory.sync_for_cpu(64).ok())
}
