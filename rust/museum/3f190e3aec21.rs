// SPDX-License-Identifier: GPL-2.0

// In C: lets USB map a buffer on the stack
// Here: does not compile

use crate::dma::{
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

fn i2c_transfer(dev: &Device<Bound>) -> Result {
    let mut answer = [0u8; 16];
    Mapping::map(dev, &mut answer, FromDevice)?; //~ ERROR E0277
    Ok(())
}
