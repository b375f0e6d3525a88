// SPDX-License-Identifier: GPL-2.0

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
    let response = transfer.wait(Delta::from_secs(1))?;
    drop(response);
    Ok(())
}
