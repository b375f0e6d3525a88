// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to dma_alloc_noncoherent() memory without a sync, and the device reads old data
// Here: does not compile

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
    let mut access = pages.sync_for_cpu();
    let transfer = Transfer::to_device(engine, pages, 0..64, job)?; //~ ERROR E0505

    access[0] = 0x5a;
    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
