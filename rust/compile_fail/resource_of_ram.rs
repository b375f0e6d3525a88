// SPDX-License-Identifier: GPL-2.0

// DMA debugger: dma_map_resource called for RAM address
// In C: maps the physical address of memory as if it were of registers
// Here: cannot be expressed: registers are lent by the driver that has them

use crate::dma::{
    direction::Bidirectional,
    resource::ResourceMapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    io::PhysAddr,
    prelude::*, //
};

fn map(dev: &Device<Bound>, registers: PhysAddr) -> Result {
    ResourceMapping::map(dev, registers, Bidirectional)?.unmap(); //~ ERROR E0308
    Ok(())
}
