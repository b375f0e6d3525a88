// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: unmaps and frees a buffer while a transfer is in flight
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn receive<E: Wait + Copy>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, FromDevice>,
    job: E::Command,
) -> Result {
    let transfer = Transfer::from_device(engine, mapping, 0..64, job)?;
    drop(mapping); //~ ERROR E0382

    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
