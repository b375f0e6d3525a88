// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    SgMapping,
    UserPages, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn map(dev: &Device<Bound>, pages: UserPages<FromDevice>) -> Result {
    let mapping = SgMapping::map(dev, pages, FromDevice, GFP_KERNEL)?;

    drop(mapping.unmap());
    Ok(())
}
