// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: unpins user pages while they are mapped, so that the device writes to memory of others
// Here: does not compile

use crate::dma::{
    FromDevice,
    SgMapping,
    UserPages, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn map(dev: &Device<Bound>, pages: UserPages<FromDevice>) -> Result {
    let mapping = SgMapping::map(dev, pages, FromDevice, GFP_KERNEL)?;

    drop(pages); //~ ERROR E0382
    drop(mapping);
    Ok(())
}
