// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
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
    mut mapping: Mapping<'_, KVec<u8>, ToDevice>,
    job: E::Command,
) -> Result {
    let mut access = mapping.sync_for_cpu();
    access[0] = 0x5a;
    drop(access);

    Transfer::to_device(engine, mapping, 0..64, job)?.wait(Delta::from_secs(1))?;
    Ok(())
}
