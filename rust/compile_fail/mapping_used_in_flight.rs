// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: syncs and reads a buffer while the device is still writing to it
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn receive<E: Wait + Copy>(
    engine: E,
    mut mapping: Mapping<'_, KVec<u8>, FromDevice>,
    job: E::Command,
) -> Result<u8> {
    let transfer = Transfer::from_device(engine, mapping, 0..64, job)?;
    let first = mapping.sync_for_cpu()[0]; //~ ERROR E0382

    transfer.wait(Delta::from_secs(1))?;
    Ok(first)
}
