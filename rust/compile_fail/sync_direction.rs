// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver syncs DMA memory with different direction
// In C: syncs a buffer mapped DMA_BIDIRECTIONAL with DMA_FROM_DEVICE
// Here: cannot be expressed

use crate::dma::{
    Bidirectional,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn first(mut mapping: Mapping<'_, KVec<u8>, Bidirectional>) -> u8 {
    mapping.sync_for_cpu(FromDevice)[0] //~ ERROR E0061
}
