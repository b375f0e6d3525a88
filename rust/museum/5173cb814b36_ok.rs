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

fn exec_taskfile(dev: &Device<Bound>, taskfile: KVec<u8>) -> Result<Address> {
    let mapping = Mapping::map(dev, taskfile, ToDevice)?;
    Ok(mapping.range().address())
}
