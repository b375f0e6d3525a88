// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads a buffer of a pool before the device has written it
// Here: does not compile

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
    let _transfer = Transfer::write(engine, memory, 0..64, job)?;

    Ok(memory.sync_for_cpu(64).ok()) //~ ERROR E0382
}
