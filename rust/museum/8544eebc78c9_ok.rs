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

fn load_firmware(dev: &Device<Bound>, code: VVec<u32>) -> Result {
    SgMapping::map(dev, code, ToDevice, GFP_KERNEL)?;
    Ok(())
}
