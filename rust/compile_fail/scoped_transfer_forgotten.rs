// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: starts a transfer of the caller's buffer, and returns before it completes
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    scoped::ScopedMapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

type Frame<'bound> = ScopedMapping<'bound, KVec<u8>, ToDevice>;

fn send<E: Engine>(engine: &E, frame: &mut Frame<'_>, job: E::Job) -> Result {
    core::mem::forget(Transfer::read(engine, frame, 0..64, job)); //~ ERROR E0277
    Ok(())
}
