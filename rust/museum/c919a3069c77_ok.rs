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

fn set_mode(dev: &Device<Bound>) -> Result {
    let mode = KBox::new([0u8; 8], GFP_KERNEL)?;
    Mapping::map(dev, mode, ToDevice)?;
    Ok(())
}
