// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to dma_alloc_noncoherent() memory without a sync, and the device reads old data
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    pages::DevicePages,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn send<E: Engine>(engine: E, mut pages: DevicePages<'_, u8, ToDevice>, job: E::Job) -> Result {
    let mut access = pages.sync_for_cpu();
    let transfer = Transfer::read(engine, pages, 0..64, job)?; //~ ERROR E0505

    access[0] = 0x5a;
    transfer.wait(100)?;
    Ok(())
}
