// SPDX-License-Identifier: GPL-2.0

// In C: lets USB map buffers on the stack
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

fn i2c_transfer(dev: &Device<Bound>) -> Result {
    let mut message = [0u8; 16];
    Mapping::map(dev, &mut message, ToDevice)?; //~ ERROR E0277
    Ok(())
}
