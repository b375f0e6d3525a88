// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not know how the pages were pinned
// In C: pins user pages without FOLL_WRITE, and lets the device write to them
// Here: does not compile
// Message: memory that holds ... ToDevice>` cannot be mapped ... FromDevice`

use crate::dma::{
    FromDevice,
    PinDuration,
    SgMapping,
    ToDevice, //
    UserPages,
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    uaccess::UserPtr, //
};

fn receive(dev: &Device<Bound>, to: UserPtr, len: usize) -> Result {
    let pages = UserPages::pin(to, len, ToDevice, PinDuration::ShortTerm)?;

    let _mapping = SgMapping::map(dev, pages, FromDevice, GFP_KERNEL)?; //~ ERROR E0277
    Ok(())
}
