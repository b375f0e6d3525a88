// SPDX-License-Identifier: GPL-2.0

// In C: frees its buffers at removal before the transfers in its queue end
// Here: does not compile

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
    drop(buffer); //~ ERROR E0382
    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
