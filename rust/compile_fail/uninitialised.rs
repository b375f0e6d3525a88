// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not check the content of the memory
// In C: lets the device read uninitialized memory
// Here: does not compile
// Message: memory that holds ... MaybeUninit<[u8; 64]>` cannot be mapped ... ToDevice`
// Note: types without padding or uninitialized bytes (`AsBytes`)

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

    Mapping::map(dev, frame, ToDevice)?; //~ ERROR E0277
    Ok(())
}
