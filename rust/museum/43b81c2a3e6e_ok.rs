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

fn transfer_ecc(dev: &Device<Bound>, pages: VVec<u8>) -> Result<usize> {
    let mapping = SgMapping::map(dev, pages, FromDevice, GFP_KERNEL)?;
    Ok(mapping.segments().count())
}
