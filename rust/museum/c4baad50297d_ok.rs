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

fn send_control(dev: &Device<Bound>) -> Result {
    let message = KBox::new([0u8; 8], GFP_KERNEL)?;
    Mapping::map(dev, message, ToDevice)?;
    Ok(())
}
