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

fn deinit<E: Wait + Copy>(
    engine: E,
    reports: CoherentMemory<'_, [u8]>,
    command: E::Command,
) -> Result {
    let transfer = Transfer::from_device(engine, reports, 0..64, command)?;
    let reports = transfer.wait(Delta::from_secs(1))?;
    drop(reports);
    Ok(())
}
