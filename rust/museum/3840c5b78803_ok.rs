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

fn write_entry(dev: &Device<Bound>) -> Result {
    let entry = KBox::new([0u8; 32], GFP_KERNEL)?;
    Mapping::map(dev, entry, ToDevice)?;
    Ok(())
}
