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

fn brightness(dev: &Device<Bound>) -> Result {
    let mut data = [0u8; 8];
    Mapping::map(dev, &mut data, FromDevice)?; //~ ERROR E0277
    Ok(())
}
