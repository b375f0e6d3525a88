// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads a descriptor while a transfer uses it
// Here: does not compile

use crate::dma::{
    PoolObject,
    Transfer,
    Wait, //
};
use kernel::{
    io::Io,
    prelude::*, //
};

fn fetch<E: Wait + Copy>(engine: E, status: PoolObject<'_, u64>, job: E::Command) -> Result<u64> {
    let _transfer = Transfer::from_device(engine, status, 0..8, job)?;

    Ok(status.read_val()) //~ ERROR E0382
}
