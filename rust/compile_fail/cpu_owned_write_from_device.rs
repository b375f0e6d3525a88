// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to a buffer that is mapped DMA_FROM_DEVICE and synced for the CPU
// Here: does not compile

use crate::dma::{
    CpuOwned,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn clear(owned: &mut CpuOwned<Mapping<'_, KVec<u8>, FromDevice>>) {
    owned.fill(0); //~ ERROR E0596
}
