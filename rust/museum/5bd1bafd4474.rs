// SPDX-License-Identifier: GPL-2.0

// In C: frees a message when it cannot be mapped, and the caller frees it again
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

fn map_message(dev: &Device<Bound>, message: KVec<u8>) -> Result {
    if let Err(err) = Mapping::map(dev, message, ToDevice) {
        drop(err.value);
        drop(message); //~ ERROR E0382
    }
    Ok(())
}
