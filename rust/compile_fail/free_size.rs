// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver frees DMA memory with different size
// In C: unmaps a buffer with another length than it was mapped with
// Here: cannot be expressed

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn receive(mapping: Mapping<'_, KVec<u8>, FromDevice>, received: usize) -> KVec<u8> {
    mapping.unmap(received) //~ ERROR E0061
}
