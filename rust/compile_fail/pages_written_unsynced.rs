// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the CPU does
// In C: writes memory from dma_alloc_noncoherent(), and the device reads what was there before
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
