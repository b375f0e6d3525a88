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

fn upload(dev: &Device<Bound>) -> Result {
    let table = KVec::from_elem(0u8, 65536, GFP_KERNEL)?;

    Mapping::map(dev, table, ToDevice)?;
    Ok(())
}
