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
) -> Result {
    let transfer = Transfer::write(engine, mapping, 0..64, job)?;

    let mapping = transfer.wait(100)?;
    drop(mapping);
    Ok(())
}
