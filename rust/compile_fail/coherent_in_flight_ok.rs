// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CoherentMemory,
    Transfer,
    Wait, //
};
use kernel::{
    io::Io,
    prelude::*,
    time::Delta, //
};

fn send<E: Wait + Copy>(engine: E, memory: CoherentMemory<'_, [u8]>, job: E::Command) -> Result {
    let transfer = Transfer::to_device(engine, memory, 0..64, job)?;

    let memory = transfer.wait(Delta::from_secs(1))?;
    memory.copy_from_slice(&[1; 64]);
    Ok(())
}
