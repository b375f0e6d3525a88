// SPDX-License-Identifier: GPL-2.0

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

fn abort_command(dev: &Device<Bound>, data: KVec<u8>, failed: bool) -> Result {
    let data = Mapping::map(dev, data, FromDevice)?;
    if failed {
        // Unmaps the buffer.
        return Err(EAGAIN);
    }
    drop(data.unmap());
    Ok(())
}
