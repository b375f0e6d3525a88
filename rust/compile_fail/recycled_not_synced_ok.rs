// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    buffer::Pages,
    buffer_pool::CpuBuffer,
    direction::ToDevice,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn send<E: Engine>(engine: &E, frame: CpuBuffer<'_, Pages, ToDevice>, job: E::Job) -> Result {
    Transfer::read(engine, frame.sync_for_device(), 0..64, job)?.wait(100)?;
    Ok(())
}
