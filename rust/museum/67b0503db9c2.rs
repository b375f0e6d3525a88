// SPDX-License-Identifier: GPL-2.0

// In C: lets USB map a buffer on the stack
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

fn load_firmware(dev: &Device<Bound>) -> Result {
    let mut line = [0u8; 64];
    Mapping::map(dev, &mut line, ToDevice)?; //~ ERROR E0277
    Ok(())
}
