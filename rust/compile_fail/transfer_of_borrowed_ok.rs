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

type Frame<'a> = Mapping<'a, KVec<u8>, ToDevice>;

// A transfer owns the mapping while it is in flight, and then returns it.
fn send<'a, E: Engine>(engine: E, mapping: Frame<'a>, job: E::Job) -> Result<Frame<'a>> {
    Ok(Transfer::read(engine, mapping, 0..64, job)?.wait(100)?)
}
