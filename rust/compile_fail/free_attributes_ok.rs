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
    dma::attrs::DMA_ATTR_PRIVILEGED,
    prelude::*, //
};

// The mapping remembers its attributes.
fn send(dev: &Device<Bound>, frame: KVec<u8>) -> Result<KVec<u8>> {
    let mapping = Mapping::map_with_attrs(dev, frame, ToDevice, DMA_ATTR_PRIVILEGED)?;

    Ok(mapping.unmap())
}
