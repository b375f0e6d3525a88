// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: uses the physical address of a part of a list as its DMA address
// Here: does not compile

use crate::dma::{
    SgMapping,
    ToDevice, //
};
use kernel::{
    io::PhysAddr,
    prelude::*, //
};

fn first(mapping: &SgMapping<'_, VVec<u8>, ToDevice>) -> Option<PhysAddr> {
    let piece = mapping.phys_vecs().next()?;

    Some(piece.phys_addr()) //~ ERROR E0133
}
