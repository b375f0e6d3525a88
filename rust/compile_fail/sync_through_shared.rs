// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads a buffer that another thread may be giving to the device
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn peek(mapping: &Mapping<'_, KVec<u8>, FromDevice>) -> u8 {
    mapping.sync_for_cpu()[0] //~ ERROR E0596
}
