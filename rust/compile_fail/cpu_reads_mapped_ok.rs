// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn receive(dev: &Device<Bound>, frame: KVec<u8>) -> Result<u8> {
    let mut mapping = Mapping::map(dev, frame, FromDevice)?;

    let first = mapping.sync_for_cpu()[0];
    Ok(first)
}
