// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CpuOwned,
    Mapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::prelude::*;

fn send<E: Wait + Copy>(
    engine: E,
    frame: CpuOwned<Mapping<'_, KVec<u8>, ToDevice>>,
    job: E::Command,
) -> Result {
    let len = frame.len();

    drop(Transfer::to_device(
        engine,
        frame.into_device(),
        0..len,
        job,
    )?);
    Ok(())
}
