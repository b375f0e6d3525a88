// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Address,
    Bidirectional,
    Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn map_buffer(dev: &Device<Bound>, samples: KVec<u8>) -> Result<Address> {
    let mapping = Mapping::map(dev, samples, Bidirectional)?;
    Ok(mapping.range().address())
}
