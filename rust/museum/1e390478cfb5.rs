// SPDX-License-Identifier: GPL-2.0

// In C: maps segments longer than the maximum of the device, which was not set
// Here: cannot be expressed

use crate::dma::{
    SgMapping,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn map_framebuffer(dev: &Device<Bound>, pixels: VVec<u32>) -> Result {
    SgMapping::map(dev, pixels, ToDevice, GFP_KERNEL, u32::MAX)?; //~ ERROR E0061
    Ok(())
}
