// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: starts a second transfer of the same buffer before the first completes
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

fn exchange<E: Wait + Copy>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, Bidirectional>,
    out: E::Command,
    back: E::Command,
) -> Result {
    let sent = Transfer::to_device(engine, mapping, 0..64, out)?;
    let received = Transfer::from_device(engine, mapping, 0..64, back)?; //~ ERROR E0382

    sent.wait(Delta::from_secs(1))?;
    received.wait(Delta::from_secs(1))?;
    Ok(())
}
