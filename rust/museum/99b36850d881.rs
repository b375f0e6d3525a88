// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: lets a second operation overwrite a buffer that the device uses for the first one
// Here: does not compile

use crate::dma::{
    Bidirectional,
    Mapping,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn query<E: Wait + Copy>(
    engine: E,
    context: Mapping<'_, KVec<u8>, Bidirectional>,
    [first, second]: [E::Command; 2],
) -> Result {
    let one = Transfer::from_device(engine, context, 0..64, first)?;
    let two = Transfer::from_device(engine, context, 0..64, second)?; //~ ERROR E0382
    one.wait(Delta::from_secs(1))?;
    two.wait(Delta::from_secs(1))?;
    Ok(())
}
