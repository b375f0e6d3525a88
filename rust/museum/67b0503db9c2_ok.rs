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

fn load_firmware(dev: &Device<Bound>) -> Result {
    let line = KBox::new([0u8; 64], GFP_KERNEL)?;
    Mapping::map(dev, line, ToDevice)?;
    Ok(())
}
