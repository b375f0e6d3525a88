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

fn firmware_upload(dev: &Device<Bound>) -> Result {
    let mut status = [0u8; 1];
    Mapping::map(dev, &mut status, FromDevice)?; //~ ERROR E0277
    Ok(())
}
