// SPDX-License-Identifier: GPL-2.0

// In C: unmaps metadata with READ or WRITE of the request as the DMA direction
// Here: cannot be expressed

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn unmap_integrity(metadata: Mapping<'_, KVec<u8>, ToDevice>, is_write: bool) -> KVec<u8> {
    metadata.unmap(is_write) //~ ERROR E0061
}
