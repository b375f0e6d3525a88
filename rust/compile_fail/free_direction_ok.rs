// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Direction,
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

// The direction comes from the type of the mapping.
fn finished<D: Direction>(mapping: Mapping<'_, KVec<u8>, D>) -> KVec<u8> {
    mapping.unmap()
}

fn finish(mapping: Mapping<'_, KVec<u8>, ToDevice>) -> KVec<u8> {
    finished(mapping)
}
