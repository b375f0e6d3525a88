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

// The engine gets the span, and the transfer keeps the mapping until it completes.
fn send<E: Engine>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, ToDevice>,
    job: E::Job,
) -> Result<KVec<u8>> {
    let mapping = Transfer::read(engine, mapping, 0..64, job)?.wait(100)?;

    Ok(mapping.unmap())
}
