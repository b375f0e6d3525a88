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

fn free_command(dev: &Device<Bound>, data: KVec<u8>) -> Result {
    let mapping = Mapping::map(dev, data, ToDevice)?;
    drop(mapping.unmap());
    Ok(())
}
