// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    PoolObject,
    Transfer,
    Wait, //
};
use kernel::{
    io::Io,
    prelude::*,
    time::Delta, //
};

fn fetch<E: Wait + Copy>(engine: E, status: PoolObject<'_, u64>, job: E::Command) -> Result<u64> {
    let status = Transfer::from_device(engine, status, 0..8, job)?.wait(Delta::from_secs(1))?;

    Ok(status.read_val())
}
