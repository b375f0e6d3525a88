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

fn start_data(dev: &Device<Bound>, blocks: VVec<u8>) -> Result<usize> {
    let mapping = SgMapping::map(dev, blocks, FromDevice, GFP_KERNEL)?;
    Ok(mapping.segments().count())
}
