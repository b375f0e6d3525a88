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

fn setup_data(dev: &Device<Bound>, data: KVec<u8>, failed: bool) -> Result {
    let data = Mapping::map(dev, data, ToDevice)?;
    if failed {
        // Unmaps the buffer.
        return Err(EAGAIN);
    }
    drop(data.unmap());
    Ok(())
}
