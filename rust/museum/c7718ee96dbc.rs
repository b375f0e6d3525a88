// SPDX-License-Identifier: GPL-2.0

// In C: writes the address of a receive buffer that could not be mapped to the descriptor
// Here: does not compile

use crate::dma::{
    Address,
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

fn refill(dev: &Device<Bound>, frame: KVec<u8>) -> Address {
    let mapping = Mapping::map(dev, frame, FromDevice);
    mapping.range().address() //~ ERROR E0599
}
