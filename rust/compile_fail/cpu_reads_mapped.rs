// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads a buffer while the device owns it
// Here: does not compile

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
    let _mapping = Mapping::map(dev, frame, FromDevice)?;

    Ok(frame[0]) //~ ERROR E0382
}
