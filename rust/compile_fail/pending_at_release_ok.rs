// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    workqueue, //
};

// Only the buffer, which is not mapped any more, may outlive the driver.
fn send(dev: &Device<Bound>, frame: KVec<u8>) -> Result {
    let frame = Mapping::map(dev, frame, ToDevice)?.unmap();

    workqueue::system().try_spawn(GFP_KERNEL, move || drop(frame))?;
    Ok(())
}
