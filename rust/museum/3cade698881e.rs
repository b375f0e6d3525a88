// SPDX-License-Identifier: GPL-2.0

// In C: frees the buffer of a command that has timed out, which the device still processes
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

fn send_command<E: Wait + Copy>(
    engine: E,
    response: Mapping<'_, KVec<u8>, FromDevice>,
    command: E::Command,
) -> Result {
    let transfer = Transfer::from_device(engine, response, 0..64, command)?;
    drop(response); //~ ERROR E0382
    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
