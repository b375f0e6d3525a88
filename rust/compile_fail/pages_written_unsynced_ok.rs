// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    DevicePages,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn send<E: Wait + Copy>(
    engine: E,
    mut pages: DevicePages<'_, u8, ToDevice>,
    job: E::Command,
) -> Result {
    pages.sync_for_cpu()[0] = 0x5a;

    Transfer::to_device(engine, pages, 0..64, job)?.wait(Delta::from_secs(1))?;
    Ok(())
}
