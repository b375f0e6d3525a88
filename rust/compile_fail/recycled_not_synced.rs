// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it checks the calls that are made, not those that are missing
// In C: does not sync a buffer of a pool before the device reads it
// Here: does not compile

use crate::dma::{
    CpuBuffer,
    Pages,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::prelude::*;

fn send<E: Wait + Copy>(
    engine: E,
    frame: CpuBuffer<'_, Pages, ToDevice>,
    job: E::Command,
) -> Result {
    let _transfer = Transfer::to_device(engine, frame, 0..64, job)?; //~ ERROR E0277
    Ok(())
}
