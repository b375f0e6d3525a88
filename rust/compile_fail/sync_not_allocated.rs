// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver tries to sync DMA memory it has not allocated
// In C: syncs a buffer after unmapping it
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn length(mut mapping: Mapping<'_, KVec<u8>, FromDevice>) -> (KVec<u8>, u8) {
    let frame = mapping.unmap();
    let length = mapping.sync_for_cpu()[0]; //~ ERROR E0382

    (frame, length)
}
