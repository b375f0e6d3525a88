// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver frees DMA memory with different direction
// In C: unmaps a buffer mapped DMA_TO_DEVICE with DMA_FROM_DEVICE
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn received(mapping: Mapping<'_, KVec<u8>, FromDevice>) -> KVec<u8> {
    mapping.unmap()
}

fn finish(mapping: Mapping<'_, KVec<u8>, ToDevice>) -> KVec<u8> {
    received(mapping) //~ ERROR E0308
}
