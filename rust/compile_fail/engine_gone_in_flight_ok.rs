// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn send<E: Engine>(engine: E, mapping: Mapping<'_, KVec<u8>, ToDevice>, job: E::Job) -> Result {
    let transfer = Transfer::read(&engine, mapping, 0..64, job)?;

    transfer.wait(100)?;
    drop(engine);
    Ok(())
}
