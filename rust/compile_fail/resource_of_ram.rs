// SPDX-License-Identifier: GPL-2.0

// DMA debugger: dma_map_resource called for RAM address
// In C: maps the physical address of memory as registers
// Here: cannot be expressed: only the driver of a device lends its registers

use crate::dma::{
    Bidirectional,
    ResourceMapping, //
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
    drop(ResourceMapping::map(dev, registers, Bidirectional)?); //~ ERROR E0308
    Ok(())
}
