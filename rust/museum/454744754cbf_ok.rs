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

fn read_status(dev: &Device<Bound>) -> Result {
    let status = KBox::new([0u8; 4], GFP_KERNEL)?;
    Mapping::map(dev, status, FromDevice)?;
    Ok(())
}
