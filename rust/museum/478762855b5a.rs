// SPDX-License-Identifier: GPL-2.0

// In C: reads the header of a frame after mapping it
// Here: does not compile

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
    let _mapping = Mapping::map(dev, frame, ToDevice)?;
    Ok(frame[0]) //~ ERROR E0382
}
