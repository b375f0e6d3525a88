// SPDX-License-Identifier: GPL-2.0

// In C: unmaps sent management frames, mapped DMA_TO_DEVICE, with DMA_FROM_DEVICE
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn free_mapped(frame: Mapping<'_, KVec<u8>, FromDevice>) {
    drop(frame.unmap());
}

fn tx_complete(frame: Mapping<'_, KVec<u8>, ToDevice>) {
    free_mapped(frame); //~ ERROR E0308
}
