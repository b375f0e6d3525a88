// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CoherentMemory,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn remove<E: Wait + Copy>(
    engine: E,
    buffer: CoherentMemory<'_, [u8]>,
    command: E::Command,
) -> Result {
    let transfer = Transfer::from_device(engine, buffer, 0..64, command)?;
    let buffer = transfer.wait(Delta::from_secs(1))?;
    drop(buffer);
    Ok(())
}
