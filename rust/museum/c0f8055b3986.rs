// SPDX-License-Identifier: GPL-2.0

// In C: unmaps a frame with a length that has a flag of the descriptor in it
// Here: cannot be expressed

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn txp_unmap(frame: Mapping<'_, KVec<u8>, ToDevice>, len: usize) -> KVec<u8> {
    frame.unmap(len) //~ ERROR E0061
}
