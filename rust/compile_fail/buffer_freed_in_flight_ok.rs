// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn receive<E: Wait + Copy>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, FromDevice>,
    job: E::Command,
) -> Result {
    let transfer = Transfer::from_device(engine, mapping, 0..64, job)?;

    let mapping = transfer.wait(Delta::from_secs(1))?;
    drop(mapping);
    Ok(())
}
