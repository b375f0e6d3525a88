// SPDX-License-Identifier: GPL-2.0

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

// One mapping may have any number of ranges.
fn receive_twice(dev: &Device<Bound>, frame: KVec<u8>) -> Result {
    let mapping = Mapping::map(dev, frame, FromDevice)?;
    let (first, second) = (mapping.range(), mapping.range());

    dev_dbg!(dev, "{} {}\n", first.len(), second.len());
    Ok(())
}
