// SPDX-License-Identifier: GPL-2.0

// In C: lets USB map a structure on the stack
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

fn set_mode(dev: &Device<Bound>) -> Result {
    let mut mode = [0u8; 8];
    Mapping::map(dev, &mut mode, ToDevice)?; //~ ERROR E0277
    Ok(())
}
