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

fn read_info(dev: &Device<Bound>) -> Result {
    let command = KBox::new([0u8; 32], GFP_KERNEL)?;
    Mapping::map(dev, command, ToDevice)?;
    Ok(())
}
