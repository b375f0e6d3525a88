// SPDX-License-Identifier: GPL-2.0

// In C: reads a result from a shared buffer after a second operation may have been started on it
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
) -> Result<u8> {
    let one = Transfer::from_device(engine, context, 0..64, first)?;
    let mut context = one.wait(Delta::from_secs(1))?;
    let two = Transfer::from_device(engine, context, 0..64, second)?;
    let result = context.sync_for_cpu()[0]; //~ ERROR E0382
    two.wait(Delta::from_secs(1))?;
    Ok(result)
}
