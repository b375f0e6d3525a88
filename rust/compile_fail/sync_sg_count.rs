// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver syncs DMA sg list with different entry count
// In C: syncs as many entries as dma_map_sg() returned, not as many as it was given
// Here: cannot be expressed

use crate::dma::{
    FromDevice,
    SgMapping, //
};
use kernel::prelude::*;

fn received(mapping: &mut SgMapping<'_, VVec<u8>, FromDevice>, header: &mut [u8]) -> Result {
    let mapped = mapping.segments().count();

    mapping.sync_for_cpu(mapped).read(0, header) //~ ERROR E0061
}
