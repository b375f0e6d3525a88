// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::FromDevice,
    streaming::Mapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn receive<E: Engine>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, FromDevice>,
    job: E::Job,
) -> Result<u8> {
    let transfer = Transfer::write(engine, mapping, 0..64, job)?;
    let mut mapping = transfer.wait(100)?;

    let first = mapping.sync_for_cpu()[0];
    Ok(first)
}
