// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: gives the device an address after unmapping it
// Here: does not compile

use crate::dma::{
    Mapping,
    Segments,
    ToDevice, //
};
use kernel::prelude::*;

fn segments(mapping: Mapping<'_, KVec<u8>, ToDevice>) -> usize {
    let segments = Segments::from(mapping.range());
    let _frame = mapping.unmap(); //~ ERROR E0505

    segments.count()
}
