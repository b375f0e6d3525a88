// SPDX-License-Identifier: GPL-2.0

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

fn reinject<E: Wait + Copy>(
    engine: E,
    frame: Mapping<'_, KVec<u8>, ToDevice>,
    command: E::Command,
) -> Result<KVec<u8>> {
    let transfer = Transfer::to_device(engine, frame, 0..64, command)?;
    Ok(transfer.wait(Delta::from_secs(1))?.unmap())
}
