// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

type Buffer<'a> = Mapping<'a, KVec<u8>, ToDevice>;

fn free_chain(buffer: Buffer<'_>) -> KVec<u8> {
    buffer.unmap()
}
