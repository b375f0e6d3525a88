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

fn queue_out<E: Wait + Copy>(
    engine: E,
    packet: Mapping<'_, KVec<u8>, FromDevice>,
    command: E::Command,
) -> Result<KVec<u8>> {
    let transfer = Transfer::from_device(engine, packet, 0..64, command)?;
    Ok(transfer.wait(Delta::from_secs(1))?.unmap())
}
