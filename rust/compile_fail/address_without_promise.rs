// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: writes the address of a buffer to a register, and forgets when the device is done with it
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::{
    dma::DmaAddress,
    prelude::*, //
};

fn send(mapping: &Mapping<'_, KVec<u8>, ToDevice>, descriptor: &mut DmaAddress) {
    *descriptor = mapping.span().address().as_raw(); //~ ERROR E0133
}
