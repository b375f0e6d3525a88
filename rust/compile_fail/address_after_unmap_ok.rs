// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

// An address can be compared after unmapping.
fn send<'a>(
    mapping: Mapping<'a, KVec<u8>, ToDevice>,
    next: &Mapping<'a, KVec<u8>, ToDevice>,
) -> (KVec<u8>, bool) {
    let address = mapping.range().address();

    (mapping.unmap(), next.range().address() == address)
}
