// SPDX-License-Identifier: GPL-2.0

// In C: ignores the result of dma_map_sg()
// Here: does not compile

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

fn send_request(dev: &Device<Bound>, source: VVec<u8>) -> usize {
    let mapping = SgMapping::map(dev, source, ToDevice, GFP_KERNEL);
    mapping.segments().count() //~ ERROR E0599
}
