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

fn send(dev: &Device<Bound>) -> Result {
    let frame = KBox::<[u8; 64]>::new_uninit(GFP_KERNEL)?;

    Mapping::map(dev, frame.write([0; 64]), ToDevice)?;
    Ok(())
}
