// SPDX-License-Identifier: GPL-2.0

// In C: reports that the receive buffer could not be mapped, and starts the transfer all the same
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

fn setup_rx(dev: &Device<Bound>, data: KVec<u8>) -> Address {
    let mapping = Mapping::map(dev, data, FromDevice);
    mapping.range().address() //~ ERROR E0599
}
