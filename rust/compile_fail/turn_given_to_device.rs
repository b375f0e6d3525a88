// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: starts the device on a buffer that an earlier call has synced for the CPU
// Here: does not compile
// Message: CpuTurn ... cannot be given to a transfer

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

    drop(Transfer::read(engine, frame, 0..len, job)?); //~ ERROR E0277
    Ok(())
}
