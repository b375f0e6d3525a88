// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: takes the physical address of a part of a list for its DMA address
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    sg::SgMapping, //
};
use kernel::{
    io::PhysAddr,
    prelude::*, //
};

fn first(mapping: &SgMapping<'_, VVec<u8>, ToDevice>) -> Option<PhysAddr> {
    let piece = mapping.pieces().next()?;

    Some(piece.phys_addr()) //~ ERROR E0133
}
