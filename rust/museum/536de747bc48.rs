// SPDX-License-Identifier: GPL-2.0

// In C: lets USB map command buffers on the stack
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

fn read_info(dev: &Device<Bound>) -> Result {
    let mut command = [0u8; 32];
    Mapping::map(dev, &mut command, ToDevice)?; //~ ERROR E0277
    Ok(())
}
