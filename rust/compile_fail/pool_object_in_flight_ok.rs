// SPDX-License-Identifier: GPL-2.0

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
    let status = Transfer::write(engine, status, 0..8, job)?.wait(100)?;

    Ok(status.read_val())
}
