// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    Pages,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn upload(dev: &Device<Bound>) -> Result {
    let table = Pages::zeroed(4, GFP_KERNEL)?;

    Mapping::map(dev, table, ToDevice)?;
    Ok(())
}
