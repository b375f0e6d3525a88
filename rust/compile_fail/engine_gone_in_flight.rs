// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: frees the engine while one of its transfers is in flight
// Here: does not compile

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

fn send<E>(engine: E, mapping: Mapping<'_, KVec<u8>, ToDevice>) -> Result
where
    for<'a> &'a E: Wait<Command = ()>,
{
    let transfer = Transfer::to_device(&engine, mapping, 0..64, ())?;
    drop(engine); //~ ERROR E0505

    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
