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

fn command_error(dev: &Device<Bound>, blocks: KVec<u8>, failed: bool) -> Result {
    let blocks = Mapping::map(dev, blocks, FromDevice)?;
    if failed {
        // Unmaps the buffer.
        return Err(EAGAIN);
    }
    drop(blocks.unmap());
    Ok(())
}
