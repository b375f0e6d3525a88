// SPDX-License-Identifier: GPL-2.0

// In C: puts a control message on the stack into a scatterlist
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

fn send_control(dev: &Device<Bound>) -> Result {
    let mut message = [0u8; 8];
    Mapping::map(dev, &mut message, ToDevice)?; //~ ERROR E0277
    Ok(())
}
