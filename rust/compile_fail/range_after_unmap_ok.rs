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

// The engine gets the range, and the transfer keeps the mapping until it completes.
fn send<E: Wait + Copy>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, ToDevice>,
    job: E::Command,
) -> Result<KVec<u8>> {
    let mapping = Transfer::to_device(engine, mapping, 0..64, job)?.wait(Delta::from_secs(1))?;

    Ok(mapping.unmap())
}
