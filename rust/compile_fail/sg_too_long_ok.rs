// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
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

// The limits of the device apply when the table is made.
fn send(dev: &Device<Bound>, table: VVec<u32>) -> Result {
    SgMapping::map(dev, table, ToDevice, GFP_KERNEL)?;
    Ok(())
}
