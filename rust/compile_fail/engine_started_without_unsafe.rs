// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: starts the device without tracking the memory that it accesses
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping,
    transfer::Engine, //
};
use kernel::prelude::*;

fn send<E: Engine>(engine: &E, mapping: &Mapping<'_, KVec<u8>, ToDevice>, job: E::Job) -> Result {
    engine.start_read(mapping.span(), job)?; //~ ERROR E0133
    Ok(())
}
