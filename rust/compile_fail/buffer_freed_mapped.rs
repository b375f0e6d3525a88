// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: frees a buffer that is still mapped
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

fn send<'a>(dev: &'a Device<Bound>, frame: KVec<u8>) -> Result<Mapping<'a, KVec<u8>, ToDevice>> {
    let mapping = Mapping::map(dev, frame, ToDevice)?;
    drop(frame); //~ ERROR E0382

    Ok(mapping)
}
