// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn unmap_integrity(metadata: Mapping<'_, KVec<u8>, ToDevice>) -> KVec<u8> {
    metadata.unmap()
}
