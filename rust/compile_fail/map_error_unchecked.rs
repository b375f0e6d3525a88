// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver failed to check map error
// In C: hands the address to the device without dma_mapping_error()
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    span::DeviceAddress,
    streaming::Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn send(dev: &Device<Bound>, frame: KVec<u8>) -> DeviceAddress {
    let mapping = Mapping::map(dev, frame, ToDevice);

    mapping.span().address() //~ ERROR E0599
}
