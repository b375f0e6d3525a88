// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping,
    transfer::{
        Engine,
        Transfer, //
    },
    turn::CpuTurn, //
};
use kernel::prelude::*;

fn send<E: Engine>(
    engine: E,
    frame: CpuTurn<Mapping<'_, KVec<u8>, ToDevice>>,
    job: E::Job,
) -> Result {
    let len = frame.len();

    drop(Transfer::read(engine, frame.into_device(), 0..len, job)?);
    Ok(())
}
