// SPDX-License-Identifier: GPL-2.0

// DMA debugger: cacheline tracking EEXIST, overlapping mappings aren't supported
// In C: maps the same buffer twice
// Here: does not compile

use crate::dma::{
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

fn receive_twice(dev: &Device<Bound>, frame: KVec<u8>) -> Result {
    let first = Mapping::map(dev, frame, FromDevice)?;
    let second = Mapping::map(dev, frame, FromDevice)?; //~ ERROR E0382

    drop((first, second));
    Ok(())
}
