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

fn start_channel(dev: &Device<Bound>, descriptor: KVec<u8>) -> Result<Address> {
    let mapping = Mapping::map(dev, descriptor, ToDevice)?;
    Ok(mapping.range().address())
}
