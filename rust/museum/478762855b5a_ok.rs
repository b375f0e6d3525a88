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

fn transmit(dev: &Device<Bound>, frame: KVec<u8>) -> Result<u8> {
    let first = frame[0];
    let _mapping = Mapping::map(dev, frame, ToDevice)?;
    Ok(first)
}
