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

fn flush<E: Wait + Copy>(
    engine: E,
    fifo: Mapping<'_, KVec<u8>, ToDevice>,
    command: E::Command,
) -> Result {
    let transfer = Transfer::to_device(engine, fifo, 0..64, command)?;
    let mut fifo = transfer.wait(Delta::from_secs(1))?;
    fifo.sync_for_cpu()[0] = 0;
    Ok(())
}
