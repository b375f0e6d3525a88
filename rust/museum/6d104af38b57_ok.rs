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

fn brightness(dev: &Device<Bound>) -> Result {
    let data = KBox::new([0u8; 8], GFP_KERNEL)?;
    Mapping::map(dev, data, FromDevice)?;
    Ok(())
}
