// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads a bool that the device wrote
// Here: does not compile

use crate::dma::{
    DevicePages,
    FromDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn flags(dev: &Device<Bound>) -> Result {
    let _pages = DevicePages::<bool, _>::zeroed(dev, 512, FromDevice, GFP_KERNEL)?; //~ ERROR E0277
    Ok(())
}
