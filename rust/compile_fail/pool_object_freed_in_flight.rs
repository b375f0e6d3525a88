// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: frees an object to its pool while a transfer uses it
// Here: does not compile

use crate::dma::{
    pool::PoolObject,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn send<E: Engine>(engine: &E, command: PoolObject<'_, u64>, job: E::Job) -> Result {
    let transfer = Transfer::read(engine, command, 0..8, job)?;

    drop(command); //~ ERROR E0382
    transfer.wait(100)?;
    Ok(())
}
