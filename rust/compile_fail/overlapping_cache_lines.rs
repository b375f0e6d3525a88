// SPDX-License-Identifier: GPL-2.0

// DMA debugger: cacheline tracking EEXIST, overlapping mappings aren't supported
// In C: maps the same buffer twice
// Here: does not compile

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

fn send_twice(dev: &Device<Bound>, frame: KVec<u8>) -> Result {
    let first = Mapping::map(dev, frame, ToDevice)?;
    let second = Mapping::map(dev, frame, ToDevice)?; //~ ERROR E0382

    drop((first, second));
    Ok(())
}
