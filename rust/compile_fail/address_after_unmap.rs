// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: writes a DMA address to a descriptor after unmapping the buffer
// Here: does not compile

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::{
    dma::DmaAddress,
    prelude::*, //
};

fn send(mapping: Mapping<'_, KVec<u8>, ToDevice>, descriptor: &mut DmaAddress) -> KVec<u8> {
    let address = mapping.range().address();
    let frame = mapping.unmap();

    *descriptor = address; //~ ERROR E0308
    frame
}
