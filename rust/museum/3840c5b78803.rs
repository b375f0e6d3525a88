// SPDX-License-Identifier: GPL-2.0

// In C: writes a table entry on the stack to the device by DMA
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

fn write_entry(dev: &Device<Bound>) -> Result {
    let mut entry = [0u8; 32];
    Mapping::map(dev, &mut entry, ToDevice)?; //~ ERROR E0277
    Ok(())
}
