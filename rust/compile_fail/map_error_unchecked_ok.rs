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

// There is no mapping to ask for its address before the error has been looked at.
fn send(dev: &Device<Bound>, frame: KVec<u8>) -> Result<DeviceAddress> {
    let mapping = Mapping::map(dev, frame, ToDevice)?;

    Ok(mapping.span().address())
}
