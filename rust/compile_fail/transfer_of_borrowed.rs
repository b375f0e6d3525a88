// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: lets a request point to a mapping that its owner may unmap at any time
// Here: does not compile
// Message: Mapping< ... cannot be given to a transfer
// Note: a transfer owns what the device uses until it is over

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn send<E: Engine>(engine: E, mapping: &Mapping<'_, KVec<u8>, ToDevice>, job: E::Job) -> Result {
    let _transfer = Transfer::read(engine, mapping, 0..64, job)?; //~ ERROR E0277
    Ok(())
}
