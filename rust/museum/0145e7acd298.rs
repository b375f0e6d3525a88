// SPDX-License-Identifier: GPL-2.0

// In C: attaches buffers of OUT endpoints, which the controller writes, with DMA_TO_DEVICE
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

fn queue_out<E: Wait + Copy>(
    engine: E,
    packet: Mapping<'_, KVec<u8>, ToDevice>,
    command: E::Command,
) -> Result<KVec<u8>> {
    let transfer = Transfer::from_device(engine, packet, 0..64, command)?; //~ ERROR E0277
    Ok(transfer.wait(Delta::from_secs(1))?.unmap())
}
