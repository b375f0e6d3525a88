// SPDX-License-Identifier: GPL-2.0

// In C: frees a frame twice when its head cannot be mapped
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

fn start_xmit(dev: &Device<Bound>, frame: KVec<u8>) -> Result {
    if let Err(err) = Mapping::map(dev, frame, ToDevice) {
        drop(err.value);
        drop(frame); //~ ERROR E0382
    }
    Ok(())
}
