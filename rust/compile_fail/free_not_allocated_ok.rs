// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

// `unmap` returns the buffer, which is dropped once.
fn finish(mapping: Mapping<'_, KVec<u8>, ToDevice>, failed: bool) {
    let frame = mapping.unmap();

    if failed {
        drop(frame);
    }
}
