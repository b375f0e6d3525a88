// SPDX-License-Identifier: GPL-2.0

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
    let _pages = DevicePages::<u8, _>::zeroed(dev, 512, FromDevice, GFP_KERNEL)?;
    Ok(())
}
