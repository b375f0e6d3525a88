// SPDX-License-Identifier: GPL-2.0

// In C: keeps the error of a failed mapping as the table, and unmaps and frees it at release
// Here: does not compile

use crate::dma::{
    Bidirectional,
    SgMapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn release(dev: &Device<Bound>, pages: VVec<u8>) -> VVec<u8> {
    let table = SgMapping::map(dev, pages, Bidirectional, GFP_KERNEL);
    table.unmap() //~ ERROR E0599
}
