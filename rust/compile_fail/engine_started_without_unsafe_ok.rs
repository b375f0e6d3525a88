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

fn send<'a, E: Engine>(
    engine: &'a E,
    mapping: Mapping<'a, KVec<u8>, ToDevice>,
    job: E::Job,
) -> Result<Transfer<&'a E, Mapping<'a, KVec<u8>, ToDevice>>> {
    Ok(Transfer::read(engine, mapping, 0..64, job)?)
}
