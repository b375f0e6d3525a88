// SPDX-License-Identifier: GPL-2.0

// In C: maps source and destination with DMA_BIDIRECTIONAL although they may be the same memory
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

fn encrypt(dev: &Device<Bound>, data: VVec<u8>) -> Result {
    let source = SgMapping::map(dev, data, Bidirectional, GFP_KERNEL)?;
    let destination = SgMapping::map(dev, data, Bidirectional, GFP_KERNEL)?; //~ ERROR E0382
    drop((source, destination));
    Ok(())
}
