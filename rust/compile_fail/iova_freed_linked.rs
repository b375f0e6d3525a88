// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not track dma_iova_link()
// In C: frees a page that is still linked
// Here: does not compile

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

fn map(dev: &Device<Bound>, first: Pages, second: Pages) -> Result {
    let mut builder = IovaBuilder::reserve(dev, first, 2 * PAGE_SIZE, 2, FromDevice, GFP_KERNEL)?;

    builder.link(second)?;
    let _mapping = builder.finish()?;
    drop(second); //~ ERROR E0382
    Ok(())
}
