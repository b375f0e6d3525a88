// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: frees the engine while one of its transfers is in flight
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

fn send<E: Engine>(engine: E, mapping: Mapping<'_, KVec<u8>, ToDevice>, job: E::Job) -> Result {
    let transfer = Transfer::read(&engine, mapping, 0..64, job)?;
    drop(engine); //~ ERROR E0505

    transfer.wait(100)?;
    Ok(())
}
