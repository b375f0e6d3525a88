// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::prelude::*;

fn send<'a, E: Wait>(
    engine: E,
    mapping: Mapping<'a, KVec<u8>, ToDevice>,
    command: E::Command,
) -> Result<Transfer<E, Mapping<'a, KVec<u8>, ToDevice>>> {
    Ok(Transfer::to_device(engine, mapping, 0..64, command)?)
}
