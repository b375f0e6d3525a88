// SPDX-License-Identifier: GPL-2.0

// In C: gives DMA addresses of key and data to the engine without dma_mapping_error()
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

fn start_channel(dev: &Device<Bound>, descriptor: KVec<u8>) -> Address {
    let mapping = Mapping::map(dev, descriptor, ToDevice);
    mapping.range().address() //~ ERROR E0599
}
