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

fn send_request(dev: &Device<Bound>, source: VVec<u8>) -> Result<usize> {
    let mapping = SgMapping::map(dev, source, ToDevice, GFP_KERNEL)?;
    Ok(mapping.segments().count())
}
