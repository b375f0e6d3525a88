// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: gives the device an address that it has unmapped
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
    let span = mapping.span();
    let frame = mapping.unmap(); //~ ERROR E0505

    *descriptor = span.dma_address();
    frame
}
