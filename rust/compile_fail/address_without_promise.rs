// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: writes the address of a buffer to a register, and does not track when the device is done
// Here: does not compile

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::{
    dma::DmaAddress,
    prelude::*, //
};

fn send(mapping: &Mapping<'_, KVec<u8>, ToDevice>, descriptor: &mut DmaAddress) {
    *descriptor = mapping.range().address().as_raw(); //~ ERROR E0133
}
