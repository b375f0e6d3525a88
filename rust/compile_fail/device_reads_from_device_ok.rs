// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::Bidirectional,
    streaming::Mapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn send<E: Engine>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, Bidirectional>,
    job: E::Job,
) -> Result<KVec<u8>> {
    let transfer = Transfer::read(engine, mapping, 0..64, job)?;

    Ok(transfer.wait(100)?.unmap())
}
