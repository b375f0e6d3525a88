// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver syncs device write-only DMA memory to device
// In C: writes to a buffer mapped DMA_FROM_DEVICE, and syncs it for the device
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn prepare(mut mapping: Mapping<'_, KVec<u8>, FromDevice>) {
    mapping.sync_for_cpu()[0] = 0x5a; //~ ERROR E0594
}
