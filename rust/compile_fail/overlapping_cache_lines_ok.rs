// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

// One mapping may have any number of ranges.
fn send_twice(dev: &Device<Bound>, frame: KVec<u8>) -> Result {
    let mapping = Mapping::map(dev, frame, ToDevice)?;
    let (first, second) = (mapping.range(), mapping.range());

    dev_dbg!(dev, "{} {}\n", first.len(), second.len());
    Ok(())
}
