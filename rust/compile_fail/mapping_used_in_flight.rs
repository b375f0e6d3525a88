// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: syncs and reads a buffer while the device is still writing to it
// Here: does not compile

use crate::dma::{
    direction::FromDevice,
    streaming::Mapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn receive<E: Engine>(
    engine: E,
    mut mapping: Mapping<'_, KVec<u8>, FromDevice>,
    job: E::Job,
) -> Result<u8> {
    let transfer = Transfer::write(engine, mapping, 0..64, job)?;
    let first = mapping.sync_for_cpu()[0]; //~ ERROR E0382

    transfer.wait(100)?;
    Ok(first)
}
