// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver maps memory from kernel text or rodata
// In C: maps a function's code, to let the device check it
// Here: does not compile
// Message: cannot be mapped for streaming DMA

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

fn firmware() {}

fn load(dev: &Device<Bound>) -> Result {
    Mapping::map(dev, firmware as fn(), ToDevice)?; //~ ERROR E0277
    Ok(())
}
