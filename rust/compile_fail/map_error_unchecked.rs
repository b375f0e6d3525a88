// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver failed to check map error
// In C: hands the address to the device without dma_mapping_error()
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    prelude::*, //
};

fn send(dev: &Device<Bound>, frame: KVec<u8>, descriptor: &mut DmaAddress) {
    let mapping = Mapping::map(dev, frame, ToDevice);

    *descriptor = mapping.span().dma_address(); //~ ERROR E0599
}
