// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to a mapped buffer in the function that has both
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    scoped::with_mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn send(dev: &Device<Bound>, frame: &mut Option<KVec<u8>>) -> Result {
    let bytes = frame.as_mut().ok_or(EINVAL)?;

    with_mapping(dev, frame, ToDevice, |_mapping| {
        //~^ ERROR E0499
        bytes[0] = 0x5a;
        Ok(())
    })
}
