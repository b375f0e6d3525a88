// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: uses a pointer into the buffer from before it was mapped
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
    let header = &frame[..4];
    let _mapping = Mapping::map(dev, frame, FromDevice)?; //~ ERROR E0505

    Ok(header[0])
}
