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

fn read_register(dev: &Device<Bound>) -> Result {
    let value = KBox::new([0u8; 1], GFP_KERNEL)?;
    Mapping::map(dev, value, FromDevice)?;
    Ok(())
}
