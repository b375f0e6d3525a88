// SPDX-License-Identifier: GPL-2.0

// DMA debugger: dma_map_resource called for RAM address
// In C: maps a physical address on the assumption that it is of registers
// Here: does not compile

use crate::dma::MmioRegion;
use kernel::{
    io::PhysAddr,
    prelude::*, //
};

fn registers(phys: PhysAddr) -> Result<MmioRegion<'static>> {
    MmioRegion::from_raw(phys, 4) //~ ERROR E0133
}
