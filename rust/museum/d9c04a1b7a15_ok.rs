// SPDX-License-Identifier: GPL-2.0

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
    match SgMapping::map(dev, pages, Bidirectional, GFP_KERNEL) {
        Ok(table) => table.unmap(),
        Err(err) => err.value,
    }
}
