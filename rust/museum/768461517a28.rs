// SPDX-License-Identifier: GPL-2.0

// In C: lets SPI map a buffer on the stack
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

fn read_adc(dev: &Device<Bound>) -> Result {
    let mut sample = [0u8; 4];
    Mapping::map(dev, &mut sample, FromDevice)?; //~ ERROR E0277
    Ok(())
}
