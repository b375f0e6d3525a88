// SPDX-License-Identifier: GPL-2.0

// In C: changes the entries of a mapped table without a sync for the CPU
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

fn skip_transferred(dev: &Device<Bound>, mut segments: KVec<u8>) -> Result {
    let mapping = Mapping::map(dev, segments, ToDevice)?;
    segments.reverse(); //~ ERROR E0382
    drop(mapping);
    Ok(())
}
