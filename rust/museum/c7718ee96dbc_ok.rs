// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Address,
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

fn refill(dev: &Device<Bound>, frame: KVec<u8>) -> Result<Address> {
    let mapping = Mapping::map(dev, frame, FromDevice)?;
    Ok(mapping.range().address())
}
