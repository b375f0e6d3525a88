// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver tries to free DMA memory it has not allocated
// In C: unmaps a buffer again on the error path
// Here: does not compile

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn finish(mapping: Mapping<'_, KVec<u8>, ToDevice>, failed: bool) {
    let _frame = mapping.unmap();

    if failed {
        drop(mapping.unmap()); //~ ERROR E0382
    }
}
