// SPDX-License-Identifier: GPL-2.0

// In C: maps a reassembled frame that the device is to read with DMA_FROM_DEVICE
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

fn reinject<E: Wait + Copy>(
    engine: E,
    frame: Mapping<'_, KVec<u8>, FromDevice>,
    command: E::Command,
) -> Result<KVec<u8>> {
    let transfer = Transfer::to_device(engine, frame, 0..64, command)?; //~ ERROR E0277
    Ok(transfer.wait(Delta::from_secs(1))?.unmap())
}
