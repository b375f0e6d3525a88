// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: gives the device an address after unmapping it
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping,
    transfer::Engine, //
};
use kernel::prelude::*;

fn send<E: Engine>(
    engine: &E,
    mapping: Mapping<'_, KVec<u8>, ToDevice>,
    job: E::Job,
) -> Result<E::Token> {
    let span = mapping.span();
    let _frame = mapping.unmap(); //~ ERROR E0505

    // SAFETY: The span is that of the mapping.
    unsafe { engine.start_read(span, job) }
}
