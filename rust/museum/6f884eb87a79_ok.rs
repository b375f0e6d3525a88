// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    Mapping,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn send_message<E: Wait + Copy>(
    engine: E,
    mailbox: Mapping<'_, KVec<u8>, Bidirectional>,
    command: E::Command,
) -> Result<KVec<u8>> {
    let transfer = Transfer::from_device(engine, mailbox, 0..64, command)?;
    Ok(transfer.wait(Delta::from_secs(1))?.unmap())
}
