// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: starts the device without tracking the memory that it accesses
// Here: does not compile

use crate::dma::{
    Engine,
    Mapping,
    Opened,
    ToDevice, //
};
use kernel::prelude::*;

fn send<E: Engine>(engine: &E, state: &mut Opened<E::Submission>, entry: E::Entry) {
    engine.issue(state, entry); //~ ERROR E0133
}

fn keep(mapping: Mapping<'_, KVec<u8>, ToDevice>) {
    let _mapping = mapping;
}
