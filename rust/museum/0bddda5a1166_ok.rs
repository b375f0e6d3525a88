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

fn queue_request(dev: &Device<Bound>, request: KVec<u8>, failed: bool) -> Result {
    let request = Mapping::map(dev, request, ToDevice)?;
    if failed {
        // Unmaps the buffer.
        return Err(EAGAIN);
    }
    drop(request.unmap());
    Ok(())
}
