// SPDX-License-Identifier: GPL-2.0

// In C: syncs memory with DMA_BIDIRECTIONAL whatever direction it was mapped with
// Here: cannot be expressed

use crate::dma::{
    Bidirectional,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn receive(mut buffer: Mapping<'_, KVec<u8>, FromDevice>) -> u8 {
    buffer.sync_for_cpu(Bidirectional)[0] //~ ERROR E0061
}
