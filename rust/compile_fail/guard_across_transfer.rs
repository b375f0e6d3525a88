// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: starts the device before dma_sync_single_for_device()
// Here: does not compile

use crate::dma::{
    Mapping,
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
    mut mapping: Mapping<'_, KVec<u8>, ToDevice>,
    job: E::Command,
) -> Result {
    let mut access = mapping.sync_for_cpu();
    let transfer = Transfer::to_device(engine, mapping, 0..64, job)?; //~ ERROR E0505

    access[0] = 0x5a;
    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
