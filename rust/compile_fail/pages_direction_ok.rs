// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    NoncontiguousPages,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn send<E: Wait + Copy>(
    engine: E,
    pages: NoncontiguousPages<'_, u8, ToDevice>,
    job: E::Command,
) -> Result {
    let transfer = Transfer::to_device(engine, pages, 0..64, job)?;

    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
