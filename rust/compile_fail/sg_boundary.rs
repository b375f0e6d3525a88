// SPDX-License-Identifier: GPL-2.0

// DMA debugger: mapping sg segment across boundary
// In C: makes a segment that crosses a boundary
// Here: cannot be expressed: the library makes the segments, of memory that it owns
// Message: PhysVec` cannot be mapped for streaming DMA

use crate::dma::{
    PhysVec,
    SgMapping,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn gather(dev: &Device<Bound>, first: PhysVec, second: PhysVec) -> Result {
    let mut pieces = KVec::new();
    pieces.push(first, GFP_KERNEL)?;
    pieces.push(second, GFP_KERNEL)?;

    SgMapping::map(dev, pieces, ToDevice, GFP_KERNEL)?; //~ ERROR E0277
    Ok(())
}
