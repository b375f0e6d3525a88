// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not check the content of the memory
// In C: reads uninitialized memory that the device has not written in full
// Here: does not compile
// Message: memory that holds ... MaybeUninit<[u8; 64]>` cannot be mapped ... FromDevice`

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
    let frame = KBox::<[u8; 64]>::new_uninit(GFP_KERNEL)?;

    Mapping::map(dev, frame, FromDevice)?; //~ ERROR E0277
    Ok(())
}
