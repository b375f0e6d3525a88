// SPDX-License-Identifier: GPL-2.0

// In C: unmaps as many entries as dma_map_sg() returned
// Here: cannot be expressed

use crate::dma::{
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn send_done(message: SgMapping<'_, VVec<u8>, ToDevice>) -> VVec<u8> {
    let mapped = message.segments().count();
    message.unmap(mapped) //~ ERROR E0061
}
