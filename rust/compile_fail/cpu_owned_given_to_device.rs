// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: starts the device on a buffer that an earlier call has synced for the CPU
// Here: does not compile
// Message: CpuOwned ... cannot be given to a device

use crate::dma::{
    CpuOwned,
    Mapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::prelude::*;

fn send<E: Wait + Copy>(
    engine: E,
    frame: CpuOwned<Mapping<'_, KVec<u8>, ToDevice>>,
    job: E::Command,
) -> Result {
    let len = frame.len();

    drop(Transfer::to_device(engine, frame, 0..len, job)?); //~ ERROR E0277
    Ok(())
}
