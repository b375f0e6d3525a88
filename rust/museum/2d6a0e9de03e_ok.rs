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

fn memory_test(dev: &Device<Bound>) -> Result {
    let pattern = KBox::new([0u8; 4], GFP_KERNEL)?;
    Mapping::map(dev, pattern, ToDevice)?;
    Ok(())
}
