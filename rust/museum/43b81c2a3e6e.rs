// SPDX-License-Identifier: GPL-2.0

// In C: takes the result of dma_map_sg() as an error only if it is negative, although it is zero
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

fn transfer_ecc(dev: &Device<Bound>, pages: VVec<u8>) -> usize {
    let mapping = SgMapping::map(dev, pages, FromDevice, GFP_KERNEL);
    mapping.segments().count() //~ ERROR E0599
}
