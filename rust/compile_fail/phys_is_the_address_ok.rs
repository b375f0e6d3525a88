// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    buffer::Pages,
    direction::FromDevice,
    streaming::Mapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

// The engine writes the address, while the transfer has the mapping.
fn receive<E: Engine>(
    engine: &E,
    mapping: Mapping<'_, Pages, FromDevice>,
    job: E::Job,
) -> Result<Pages> {
    Ok(Transfer::write(engine, mapping, 0..4096, job)?
        .wait(1000)?
        .unmap())
}
