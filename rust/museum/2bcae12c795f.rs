// SPDX-License-Identifier: GPL-2.0

// In C: unmaps the mapping of another frame after its own mapping has failed
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

fn transmit(dev: &Device<Bound>, frame: KVec<u8>) {
    let mapping = Mapping::map(dev, frame, ToDevice);
    if mapping.is_err() {
        mapping.unmap(); //~ ERROR E0599
    }
}
