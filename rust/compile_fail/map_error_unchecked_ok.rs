// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    span::DeviceAddress,
    streaming::Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

// Without a check of the error there is no mapping, and no address.
fn send(dev: &Device<Bound>, frame: KVec<u8>) -> Result<DeviceAddress> {
    let mapping = Mapping::map(dev, frame, ToDevice)?;

    Ok(mapping.span().address())
}
