// SPDX-License-Identifier: GPL-2.0

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
    pages.sync_for_cpu()[0] = 0x5a;

    Transfer::read(engine, pages, 0..64, job)?.wait(100)?;
    Ok(())
}
