// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Direction,
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn free_mapped<D: Direction>(page: Mapping<'_, KVec<u8>, D>) {
    drop(page.unmap());
}

fn migration_done(page: Mapping<'_, KVec<u8>, ToDevice>) {
    free_mapped(page);
}
