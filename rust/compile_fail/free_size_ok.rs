// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

// The whole buffer is unmapped, whatever part of it is used.
fn receive(mapping: Mapping<'_, KVec<u8>, FromDevice>, received: usize) -> KVec<u8> {
    let mut frame = mapping.unmap();
    frame.truncate(received);
    frame
}
