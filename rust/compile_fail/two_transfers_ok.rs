// SPDX-License-Identifier: GPL-2.0

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

fn exchange<E: Wait + Copy>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, Bidirectional>,
    out: E::Command,
    back: E::Command,
) -> Result {
    let mapping = Transfer::to_device(engine, mapping, 0..64, out)?.wait(Delta::from_secs(1))?;

    Transfer::from_device(engine, mapping, 0..64, back)?.wait(Delta::from_secs(1))?;
    Ok(())
}
