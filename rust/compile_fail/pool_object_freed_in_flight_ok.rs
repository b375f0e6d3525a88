// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    PoolObject,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn send<E: Wait + Copy>(engine: E, command: PoolObject<'_, u64>, job: E::Command) -> Result {
    let transfer = Transfer::to_device(engine, command, 0..8, job)?;

    drop(transfer.wait(Delta::from_secs(1))?);
    Ok(())
}
