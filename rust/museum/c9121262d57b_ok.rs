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

fn register_memory(dev: &Device<Bound>, region: VVec<u32>) -> Result {
    SgMapping::map(dev, region, ToDevice, GFP_KERNEL)?;
    Ok(())
}
