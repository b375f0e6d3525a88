// SPDX-License-Identifier: GPL-2.0

// In C: lets USB map a variable on the stack
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

fn set_register(dev: &Device<Bound>) -> Result {
    let mut value = [0u8; 2];
    Mapping::map(dev, &mut value, ToDevice)?; //~ ERROR E0277
    Ok(())
}
