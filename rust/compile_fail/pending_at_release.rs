// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver has pending DMA allocations while released from device
// In C: leaves a mapping to work that runs after the driver was unbound
// Here: does not compile

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::{
    prelude::*,
    workqueue, //
};

fn send_later(mapping: Mapping<'_, KVec<u8>, ToDevice>) -> Result {
    workqueue::system().try_spawn(GFP_KERNEL, move || drop(mapping.unmap()))?; //~ ERROR E0521
    Ok(())
}
