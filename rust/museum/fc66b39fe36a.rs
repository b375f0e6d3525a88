// SPDX-License-Identifier: GPL-2.0

// In C: maps the buffer of a caller, which may be any memory
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

fn transfer(dev: &Device<Bound>, message: &mut [u8]) -> Result {
    Mapping::map(dev, message, FromDevice)?; //~ ERROR E0277
    Ok(())
}
