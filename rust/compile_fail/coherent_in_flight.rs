// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to coherent memory while a transfer uses it
// Here: does not compile

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
    memory.copy_from_slice(&[1; 64]); //~ ERROR E0382

    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
