// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn set_register(dev: &Device<Bound>) -> Result {
    let value = KBox::new([0u8; 2], GFP_KERNEL)?;
    Mapping::map(dev, value, ToDevice)?;
    Ok(())
}
