// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

// One mapping may have any number of spans.
fn send_twice(dev: &Device<Bound>, frame: KVec<u8>) -> Result {
    let mapping = Mapping::map(dev, frame, ToDevice)?;
    let (first, second) = (mapping.span(), mapping.span());

    dev_dbg!(dev, "{} {}\n", first.len(), second.len());
    Ok(())
}
