// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads a descriptor while a transfer uses it
// Here: does not compile

use crate::dma::{
    pool::PoolObject,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::{
    io::Io,
    prelude::*, //
};

fn fetch<E: Engine>(engine: &E, status: PoolObject<'_, u64>, job: E::Job) -> Result<u64> {
    let _transfer = Transfer::write(engine, status, 0..8, job)?;

    Ok(status.read_val()) //~ ERROR E0382
}
