// SPDX-License-Identifier: GPL-2.0

// In C: maps a mailbox into which the processor writes its answer with DMA_TO_DEVICE
// Here: does not compile

use crate::dma::{
    Mapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn send_message<E: Wait + Copy>(
    engine: E,
    mailbox: Mapping<'_, KVec<u8>, ToDevice>,
    command: E::Command,
) -> Result<KVec<u8>> {
    let transfer = Transfer::from_device(engine, mailbox, 0..64, command)?; //~ ERROR E0277
    Ok(transfer.wait(Delta::from_secs(1))?.unmap())
}
