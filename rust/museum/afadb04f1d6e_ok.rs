// SPDX-License-Identifier: GPL-2.0

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

fn prepare_data(dev: &Device<Bound>, blocks: VVec<u32>) -> Result {
    SgMapping::map(dev, blocks, ToDevice, GFP_KERNEL)?;
    Ok(())
}
