// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    buffer::Pages,
    buffer_pool::{
        CpuBuffer,
        DeviceBuffer, //
    },
    direction::Bidirectional,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn echo<'a, E: Engine>(
    engine: &E,
    memory: DeviceBuffer<'a, Pages, Bidirectional>,
    job: E::Job,
) -> Result<Option<CpuBuffer<'a, Pages, Bidirectional>>> {
    let memory = Transfer::write(engine, memory, 0..64, job)?.wait(100)?;

    Ok(memory.sync_for_cpu(64).ok())
}
