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

fn upload(dev: &Device<Bound>) -> Result {
    let table = KBox::new([0u32; 64], GFP_KERNEL)?;

    Mapping::map(dev, table, ToDevice)?;
    Ok(())
}
