// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver tries to free an invalid DMA memory address
// In C: unmaps the address that a failed mapping returned
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

fn send(dev: &Device<Bound>, frame: KVec<u8>) -> KVec<u8> {
    let mapping = Mapping::map(dev, frame, ToDevice);

    mapping.unmap() //~ ERROR E0599
}
