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

fn receive(dev: &Device<Bound>) -> Result {
    let frame = KBox::new([0u8; 64], GFP_KERNEL)?;

    Mapping::map(dev, frame, FromDevice)?;
    Ok(())
}
