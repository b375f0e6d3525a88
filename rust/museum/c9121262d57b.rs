// SPDX-License-Identifier: GPL-2.0

// In C: sets the maximum segment of a device that has no place for it
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

fn register_memory(dev: &Device<Bound>, region: VVec<u32>) -> Result {
    SgMapping::map(dev, region, ToDevice, GFP_KERNEL, u32::MAX)?; //~ ERROR E0061
    Ok(())
}
