// SPDX-License-Identifier: GPL-2.0

// In C: unmaps each buffer of a chain with the DMA address of the next descriptor
// Here: cannot be expressed

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

type Buffer<'a> = Mapping<'a, KVec<u8>, ToDevice>;

fn free_chain(buffer: Buffer<'_>, next: &Buffer<'_>) -> KVec<u8> {
    buffer.unmap(next.range().address()) //~ ERROR E0061
}
