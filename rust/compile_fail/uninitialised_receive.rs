// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not know what the memory holds
// In C: reads what a bounce buffer, or the device, left of memory that nobody has written to
// Here: does not compile
// Message: memory that holds ... MaybeUninit<[u8; 64]>` cannot be mapped ... FromDevice`

use crate::dma::{
    direction::FromDevice,
    streaming::Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn receive(dev: &Device<Bound>) -> Result {
    let frame = KBox::<[u8; 64]>::new_uninit(GFP_KERNEL)?;

    Mapping::map(dev, frame, FromDevice)?; //~ ERROR E0277
    Ok(())
}
