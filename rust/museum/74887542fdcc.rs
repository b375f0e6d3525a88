// SPDX-License-Identifier: GPL-2.0

// In C: unmaps as many entries as dma_map_sg() returned
// Here: cannot be expressed

use crate::dma::{
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn tx_complete(fifo: SgMapping<'_, VVec<u8>, ToDevice>) -> VVec<u8> {
    let mapped = fifo.segments().count();
    fifo.unmap(mapped) //~ ERROR E0061
}
