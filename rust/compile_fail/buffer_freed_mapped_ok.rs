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

fn send(dev: &Device<Bound>, frame: KVec<u8>) -> Result {
    let mapping = Mapping::map(dev, frame, ToDevice)?;
    let frame = mapping.unmap();

    drop(frame);
    Ok(())
}
