// SPDX-License-Identifier: GPL-2.0

// In C: reads the DMA address of a frame back from its descriptor, with a flag of the device in it
// Here: cannot be expressed

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::{
    dma::DmaAddress,
    prelude::*, //
};

fn is_frame(frame: &Mapping<'_, KVec<u8>, FromDevice>, word: DmaAddress) -> bool {
    frame.range().address() == word //~ ERROR E0308
}
