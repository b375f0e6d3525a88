// SPDX-License-Identifier: GPL-2.0

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

fn xmit_done<E: Wait + Copy>(
    engine: E,
    frame: SgMapping<'_, KVec<KVec<u8>>, ToDevice>,
    command: E::Command,
) -> Result {
    let transfer = Transfer::to_device(engine, frame, 0..64, command)?;
    let frame = transfer.wait(Delta::from_secs(1))?;
    drop(frame.unmap());
    Ok(())
}
