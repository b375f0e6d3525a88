// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to a buffer while the device owns it
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

fn send(dev: &Device<Bound>, mut frame: KVec<u8>) -> Result {
    let _mapping = Mapping::map(dev, frame, ToDevice)?;

    frame[0] = 0x5a; //~ ERROR E0382
    Ok(())
}
