// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: uses a pointer into the buffer after giving it back to the device
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn checksum(mapping: &mut Mapping<'_, KVec<u8>, FromDevice>) -> u8 {
    let access = mapping.sync_for_cpu();
    let header = &access[..4];
    drop(access); //~ ERROR E0505

    header.iter().fold(0, |sum, byte| sum ^ byte)
}
