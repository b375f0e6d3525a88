// SPDX-License-Identifier: GPL-2.0

// In C: lets the CPU reuse the transmit buffer while a transfer of it runs
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

fn flush<E: Wait + Copy>(
    engine: E,
    mut fifo: Mapping<'_, KVec<u8>, ToDevice>,
    command: E::Command,
) -> Result {
    let transfer = Transfer::to_device(engine, fifo, 0..64, command)?;
    fifo.sync_for_cpu()[0] = 0; //~ ERROR E0382
    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
