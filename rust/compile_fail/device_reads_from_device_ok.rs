// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    Mapping,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn send<E: Wait + Copy>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, Bidirectional>,
    job: E::Command,
) -> Result<KVec<u8>> {
    let transfer = Transfer::to_device(engine, mapping, 0..64, job)?;

    Ok(transfer.wait(Delta::from_secs(1))?.unmap())
}
