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

fn transmit(dev: &Device<Bound>, frame: KVec<u8>) {
    let mapping = Mapping::map(dev, frame, ToDevice);
    if let Err(err) = mapping {
        drop(err.value);
    }
}
