// SPDX-License-Identifier: GPL-2.0

// In C: unmaps a redirected frame with length zero
// Here: cannot be expressed

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn tx_complete(frame: Mapping<'_, KVec<u8>, ToDevice>, len: usize) -> KVec<u8> {
    frame.unmap(len) //~ ERROR E0061
}
