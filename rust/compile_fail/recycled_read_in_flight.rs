// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads a buffer of a pool before the device has written it
// Here: does not compile

use crate::dma::{
    Bidirectional,
    CpuBuffer,
    DeviceBuffer,
    Pages,
    Transfer,
    Wait, //
};
use kernel::prelude::*;

fn echo<'a, E: Wait + Copy>(
    engine: E,
    memory: DeviceBuffer<'a, Pages, Bidirectional>,
    job: E::Command,
) -> Result<Option<CpuBuffer<'a, Pages, Bidirectional>>> {
    let _transfer = Transfer::from_device(engine, memory, 0..64, job)?;

    Ok(memory.sync_for_cpu(64).ok()) //~ ERROR E0382
}
