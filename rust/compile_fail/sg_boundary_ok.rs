// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Pages,
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

// The library merges and splits pieces within the limits of the device.
fn gather(dev: &Device<Bound>, first: Pages, second: Pages) -> Result {
    let mut pieces = KVec::new();
    pieces.push(first, GFP_KERNEL)?;
    pieces.push(second, GFP_KERNEL)?;

    SgMapping::map(dev, pieces, ToDevice, GFP_KERNEL)?;
    Ok(())
}
