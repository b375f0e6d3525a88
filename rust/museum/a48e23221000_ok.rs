// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    time::Delta, //
};

fn xdp_xmit<E: Wait + Copy>(
    dev: &Device<Bound>,
    engine: E,
    frame: KVec<u8>,
    command: E::Command,
) -> Result {
    let mapping = Mapping::map(dev, frame, ToDevice)?;
    Transfer::to_device(engine, mapping, 0..64, command)?.wait(Delta::from_secs(1))?;
    Ok(())
}
