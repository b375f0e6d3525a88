// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::prelude::*;

// An address can be compared after unmapping.
fn send<'a>(
    mapping: Mapping<'a, KVec<u8>, ToDevice>,
    next: &Mapping<'a, KVec<u8>, ToDevice>,
) -> (KVec<u8>, bool) {
    let address = mapping.span().address();

    (mapping.unmap(), next.span().address() == address)
}
