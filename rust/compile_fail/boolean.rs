// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not check the content of the memory
// In C: reads a bool that the device wrote, which may be neither true nor false
// Here: does not compile
// Message: memory that holds `bool` cannot be mapped ... FromDevice`
// Note: write only to types that are valid for all bytes (`FromBytes`)

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

fn ready(dev: &Device<Bound>) -> Result<bool> {
    let status = KBox::new(false, GFP_KERNEL)?;

    let mapping = Mapping::map(dev, status, FromDevice)?; //~ ERROR E0277
    Ok(*mapping.unmap())
}
