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

fn send<E: Engine>(engine: E, mut mapping: Mapping<'_, KVec<u8>, ToDevice>, job: E::Job) -> Result {
    let mut access = mapping.sync_for_cpu();
    access[0] = 0x5a;
    drop(access);

    Transfer::read(engine, mapping, 0..64, job)?.wait(100)?;
    Ok(())
}
