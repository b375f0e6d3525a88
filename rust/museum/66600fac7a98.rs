// SPDX-License-Identifier: GPL-2.0

// In C: unmaps a frame when the first of its descriptors is done
// Here: does not compile

use crate::dma::{
    SgMapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn tx_clean<E: Wait + Copy>(
    engine: E,
    frame: SgMapping<'_, KVec<KVec<u8>>, ToDevice>,
    command: E::Command,
) -> Result {
    let transfer = Transfer::to_device(engine, frame, 0..64, command)?;
    drop(frame.unmap()); //~ ERROR E0382
    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
