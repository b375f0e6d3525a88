// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: starts a second transfer of the same buffer before the first completes
// Here: does not compile

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
    let sent = Transfer::read(engine, mapping, 0..64, out)?;
    let received = Transfer::write(engine, mapping, 0..64, back)?; //~ ERROR E0382

    sent.wait(100)?;
    received.wait(100)?;
    Ok(())
}
