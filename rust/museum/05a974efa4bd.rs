// SPDX-License-Identifier: GPL-2.0

// In C: lets USB map a variable on the stack
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

fn read_register(dev: &Device<Bound>) -> Result {
    let mut value = [0u8; 1];
    Mapping::map(dev, &mut value, FromDevice)?; //~ ERROR E0277
    Ok(())
}
