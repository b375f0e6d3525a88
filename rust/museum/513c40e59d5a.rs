// SPDX-License-Identifier: GPL-2.0

// In C: maps pieces of one buffer that share a cache line as entries of a list
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

fn read_ecc(dev: &Device<Bound>, status: KVec<&mut [u8]>) -> Result {
    SgMapping::map(dev, status, FromDevice, GFP_KERNEL)?; //~ ERROR E0277
    Ok(())
}
