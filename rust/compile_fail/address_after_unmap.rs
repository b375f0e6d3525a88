// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: keeps a DMA address, and writes it to a descriptor after the buffer was unmapped
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::{
    dma::DmaAddress,
    prelude::*, //
};

fn send(mapping: Mapping<'_, KVec<u8>, ToDevice>, descriptor: &mut DmaAddress) -> KVec<u8> {
    let address = mapping.span().address();
    let frame = mapping.unmap();

    *descriptor = address; //~ ERROR E0308
    frame
}
