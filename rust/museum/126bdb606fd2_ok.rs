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

fn setup_rx(dev: &Device<Bound>, data: KVec<u8>) -> Result<Address> {
    let mapping = Mapping::map(dev, data, FromDevice)?;
    Ok(mapping.range().address())
}
