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

fn i2c_transfer(dev: &Device<Bound>) -> Result {
    let answer = KBox::new([0u8; 16], GFP_KERNEL)?;
    Mapping::map(dev, answer, FromDevice)?;
    Ok(())
}
