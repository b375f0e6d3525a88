// SPDX-License-Identifier: GPL-2.0

// In C: lets the buffer of a failed transfer be unmapped while the receive channel runs
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

fn transfer<E: Wait + Copy>(
    engine: E,
    received: Mapping<'_, KVec<u8>, FromDevice>,
    command: E::Command,
) -> Result {
    let transfer = Transfer::from_device(engine, received, 0..64, command)?;
    drop(received); //~ ERROR E0382
    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
