// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: unmaps and frees a buffer while a transfer is in flight
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
    mapping: Mapping<'_, KVec<u8>, FromDevice>,
    job: E::Job,
) -> Result {
    let transfer = Transfer::write(engine, mapping, 0..64, job)?;
    drop(mapping); //~ ERROR E0382

    transfer.wait(100)?;
    Ok(())
}
