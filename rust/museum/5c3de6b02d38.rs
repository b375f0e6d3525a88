// SPDX-License-Identifier: GPL-2.0

// In C: unmaps pages of a migration DMA_BIDIRECTIONAL that were mapped in one direction
// Here: does not compile

use crate::dma::{
    Bidirectional,
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn free_mapped(page: Mapping<'_, KVec<u8>, Bidirectional>) {
    drop(page.unmap());
}

fn migration_done(page: Mapping<'_, KVec<u8>, ToDevice>) {
    free_mapped(page); //~ ERROR E0308
}
