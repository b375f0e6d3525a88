// SPDX-License-Identifier: GPL-2.0

// In C: frees memory of its sensors in a clean-up, before it is safe: memory is corrupted
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

fn deinit<E: Wait + Copy>(
    engine: E,
    reports: CoherentMemory<'_, [u8]>,
    command: E::Command,
) -> Result {
    let transfer = Transfer::from_device(engine, reports, 0..64, command)?;
    drop(reports); //~ ERROR E0382
    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
