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

fn map_message(dev: &Device<Bound>, message: KVec<u8>) -> Result {
    if let Err(err) = Mapping::map(dev, message, ToDevice) {
        drop(err.value);
    }
    Ok(())
}
