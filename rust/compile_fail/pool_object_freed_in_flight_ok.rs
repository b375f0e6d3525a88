// SPDX-License-Identifier: GPL-2.0

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

    drop(transfer.wait(100)?);
    Ok(())
}
