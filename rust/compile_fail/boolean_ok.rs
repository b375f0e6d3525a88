// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn ready(dev: &Device<Bound>) -> Result<bool> {
    let status = KBox::new(0u8, GFP_KERNEL)?;

    let mapping = Mapping::map(dev, status, FromDevice)?;
    Ok(*mapping.unmap() != 0)
}
