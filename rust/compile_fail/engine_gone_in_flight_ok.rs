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

fn send<E>(engine: E, mapping: Mapping<'_, KVec<u8>, ToDevice>) -> Result
where
    for<'a> &'a E: Wait<Command = ()>,
{
    let transfer = Transfer::to_device(&engine, mapping, 0..64, ())?;

    transfer.wait(Delta::from_secs(1))?;
    drop(engine);
    Ok(())
}
