// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not track dma_iova_link()
// In C: starts the device before dma_iova_sync()
// Here: cannot be expressed: an unfinished mapping has no address

use crate::dma::{
    FromDevice,
    IovaBuilder,
    Pages, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    page::PAGE_SIZE,
    prelude::*, //
};

fn map(dev: &Device<Bound>, pages: [Pages; 2]) -> Result {
    let [first, second] = pages;
    let mut builder = IovaBuilder::reserve(dev, first, 2 * PAGE_SIZE, 2, FromDevice, GFP_KERNEL)?;

    builder.link(second)?;
    let _range = builder.range(); //~ ERROR E0599
    Ok(())
}
