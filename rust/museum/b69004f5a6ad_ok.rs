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

fn xmit_xdp(dev: &Device<Bound>, frame: KVec<u8>, failed: bool) -> Result {
    let frame = Mapping::map(dev, frame, ToDevice)?;
    if failed {
        // Unmaps the buffer.
        return Err(EAGAIN);
    }
    drop(frame.unmap());
    Ok(())
}
