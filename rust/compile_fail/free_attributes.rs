// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver frees DMA memory with different attributes
// In C: unmaps without the attributes of the mapping
// Here: cannot be expressed

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::{
    dma::attrs::DMA_ATTR_PRIVILEGED,
    prelude::*, //
};

fn finish(mapping: Mapping<'_, KVec<u8>, ToDevice>) -> KVec<u8> {
    mapping.unmap(DMA_ATTR_PRIVILEGED) //~ ERROR E0061
}
