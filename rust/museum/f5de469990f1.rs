// SPDX-License-Identifier: GPL-2.0

// In C: starts the transfer of a request whose data could not be mapped
// Here: does not compile

use crate::dma::{
    FromDevice,
    SgMapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn start_data(dev: &Device<Bound>, blocks: VVec<u8>) -> usize {
    let mapping = SgMapping::map(dev, blocks, FromDevice, GFP_KERNEL);
    mapping.segments().count() //~ ERROR E0599
}
