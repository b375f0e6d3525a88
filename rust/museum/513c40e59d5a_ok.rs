// SPDX-License-Identifier: GPL-2.0

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

fn read_ecc(dev: &Device<Bound>, status: KVec<KBox<[u8; 16]>>) -> Result {
    SgMapping::map(dev, status, FromDevice, GFP_KERNEL)?;
    Ok(())
}
