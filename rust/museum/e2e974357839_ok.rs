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

fn map_object(dev: &Device<Bound>, pixels: VVec<u32>) -> Result {
    SgMapping::map(dev, pixels, ToDevice, GFP_KERNEL)?;
    Ok(())
}
