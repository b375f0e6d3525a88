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

fn encrypt(dev: &Device<Bound>, data: VVec<u8>) -> Result {
    let both = SgMapping::map(dev, data, Bidirectional, GFP_KERNEL)?;
    drop(both);
    Ok(())
}
