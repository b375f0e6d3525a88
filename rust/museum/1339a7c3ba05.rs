// SPDX-License-Identifier: GPL-2.0

// In C: passes the number of entries before the mapping to the DMA engine
// Here: cannot be expressed

use crate::dma::{
    Range,
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn prepare_dma(
    blocks: &SgMapping<'_, VVec<u8>, ToDevice>,
    entries: usize,
    write: impl Fn(Range<'_, ToDevice>),
) {
    blocks.segments(entries).for_each(write); //~ ERROR E0061
}
