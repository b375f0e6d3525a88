// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver failed to check map error
// In C: hands the address to the device without dma_mapping_error()
// Here: does not compile

use crate::dma::{
    Address,
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

fn send(dev: &Device<Bound>, frame: KVec<u8>) -> Address {
    let mapping = Mapping::map(dev, frame, ToDevice);

    mapping.range().address() //~ ERROR E0599
}
