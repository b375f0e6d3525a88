// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Address,
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

fn transmit(dev: &Device<Bound>, frame: KVec<u8>) -> Result<Address> {
    let mapping = Mapping::map(dev, frame, ToDevice)?;
    Ok(mapping.range().address())
}
