// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn send(dev: &Device<Bound>, frame: KVec<u8>) -> Result {
    let mut mapping = Mapping::map(dev, frame, ToDevice)?;

    mapping.sync_for_cpu()[0] = 0x5a;
    Ok(())
}
