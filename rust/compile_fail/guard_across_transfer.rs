// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: starts the device before dma_sync_single_for_device()
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn send<E: Engine>(engine: E, mut mapping: Mapping<'_, KVec<u8>, ToDevice>, job: E::Job) -> Result {
    let mut access = mapping.sync_for_cpu();
    let transfer = Transfer::read(engine, mapping, 0..64, job)?; //~ ERROR E0505

    access[0] = 0x5a;
    transfer.wait(100)?;
    Ok(())
}
