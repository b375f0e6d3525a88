// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver has pending DMA allocations while released from device
// In C: leaves DMA memory to work that runs after the driver was unbound
// Here: does not compile

use crate::dma::{
    DevicePages,
    ToDevice, //
};
use kernel::{
    prelude::*,
    workqueue, //
};

fn free_later(pages: DevicePages<'_, u8, ToDevice>) -> Result {
    workqueue::system().try_spawn(GFP_KERNEL, move || drop(pages))?; //~ ERROR E0521
    Ok(())
}
