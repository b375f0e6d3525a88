// SPDX-License-Identifier: GPL-2.0

// DMA debugger: mapping sg segment longer than device claims to support
// In C: makes a table with segments as long as it likes
// Here: cannot be expressed: segments are as long as the device takes them

use crate::dma::{
    direction::ToDevice,
    sg::SgMapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn send(dev: &Device<Bound>, table: VVec<u32>) -> Result {
    let longest = 1 << 20;

    SgMapping::map(dev, table, ToDevice, GFP_KERNEL, longest)?; //~ ERROR E0061
    Ok(())
}
