// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

type Frame<'a> = Mapping<'a, KVec<u8>, ToDevice>;

// A transfer owns the mapping while it is in flight, and then returns it.
fn send<'a, E: Wait + Copy>(engine: E, mapping: Frame<'a>, job: E::Command) -> Result<Frame<'a>> {
    Ok(Transfer::to_device(engine, mapping, 0..64, job)?.wait(Delta::from_secs(1))?)
}
