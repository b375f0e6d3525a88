// SPDX-License-Identifier: GPL-2.0

// In C: tests the DMA address of a management frame for zero, not with dma_mapping_error()
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

fn transmit(dev: &Device<Bound>, frame: KVec<u8>) -> Address {
    let mapping = Mapping::map(dev, frame, ToDevice);
    mapping.range().address() //~ ERROR E0599
}
