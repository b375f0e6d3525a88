// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    scoped::ScopedMapping,
    transfer::Engine, //
};
use kernel::prelude::*;

type Frame<'bound> = ScopedMapping<'bound, KVec<u8>, ToDevice>;

fn send<E: Engine>(engine: &E, frame: &mut Frame<'_>, job: E::Job) -> Result {
    frame.read(engine, 0..64, job, 100)
}
