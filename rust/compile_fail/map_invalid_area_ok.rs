// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping,
    Pages, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn receive(dev: &Device<Bound>) -> Result {
    Mapping::map(dev, Pages::zeroed(0, GFP_KERNEL)?, FromDevice)?;
    Ok(())
}
