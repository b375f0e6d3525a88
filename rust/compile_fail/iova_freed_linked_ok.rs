// SPDX-License-Identifier: GPL-2.0

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
    let mapping = builder.finish()?;
    drop(mapping.unmap());
    Ok(())
}
