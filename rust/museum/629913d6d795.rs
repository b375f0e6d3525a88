// SPDX-License-Identifier: GPL-2.0

// In C: uses the number of mapped entries as an index although it is zero after an error
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

fn last_segment(dev: &Device<Bound>, frames: VVec<u8>) -> usize {
    let mapping = SgMapping::map(dev, frames, ToDevice, GFP_KERNEL);
    mapping.segments().count() //~ ERROR E0599
}
