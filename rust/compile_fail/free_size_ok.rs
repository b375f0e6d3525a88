// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::FromDevice,
    streaming::Mapping, //
};
use kernel::prelude::*;

// The whole buffer comes back; how much of it is of interest is another matter.
fn receive(mapping: Mapping<'_, KVec<u8>, FromDevice>, received: usize) -> KVec<u8> {
    let mut frame = mapping.unmap();
    frame.truncate(received);
    frame
}
