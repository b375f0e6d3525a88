// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::Bidirectional,
    streaming::Mapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn exchange<E: Engine>(
    engine: &E,
    mapping: Mapping<'_, KVec<u8>, Bidirectional>,
    out: E::Job,
    back: E::Job,
) -> Result {
    let mapping = Transfer::read(engine, mapping, 0..64, out)?.wait(100)?;

    Transfer::write(engine, mapping, 0..64, back)?.wait(100)?;
    Ok(())
}
