// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: gives the device an address that it has unmapped
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
