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

fn start_xmit(dev: &Device<Bound>, frame: KVec<u8>) -> Result {
    // The error returns the buffer, and drops it.
    let frame = Mapping::map(dev, frame, ToDevice)?;
    drop(frame.unmap());
    Ok(())
}
