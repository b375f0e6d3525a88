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

fn last_segment(dev: &Device<Bound>, frames: VVec<u8>) -> Result<usize> {
    let mapping = SgMapping::map(dev, frames, ToDevice, GFP_KERNEL)?;
    Ok(mapping.segments().count())
}
