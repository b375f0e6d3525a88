// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: frees an object to its pool while a transfer uses it
// Here: does not compile

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

    drop(command); //~ ERROR E0382
    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
