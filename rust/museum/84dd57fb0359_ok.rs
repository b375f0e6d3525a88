// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    SgMapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn map_buffer(dev: &Device<Bound>, pages: VVec<u8>) -> Result {
    // The error frees the table, returns the memory, and drops it.
    let pages = SgMapping::map(dev, pages, Bidirectional, GFP_KERNEL)?;
    drop(pages.unmap());
    Ok(())
}
