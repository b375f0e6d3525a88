// SPDX-License-Identifier: GPL-2.0

// DMA debugger: mapping sg segment longer than device claims to support
// In C: makes a table with segments of any length
// Here: cannot be expressed: the library limits segments to the maximum of the device

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

fn send(dev: &Device<Bound>, table: VVec<u32>) -> Result {
    let longest = 1 << 20;

    SgMapping::map(dev, table, ToDevice, GFP_KERNEL, longest)?; //~ ERROR E0061
    Ok(())
}
