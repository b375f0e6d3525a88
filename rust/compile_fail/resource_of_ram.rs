// SPDX-License-Identifier: GPL-2.0

// DMA debugger: dma_map_resource called for RAM address
// In C: maps the physical address of memory as if it were of registers
// Here: cannot be expressed: there is no mapping of resources yet
// Message: `u64` cannot be mapped for streaming DMA

use crate::dma::{
    direction::Bidirectional,
    streaming::Mapping, //
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
    Mapping::map(dev, registers, Bidirectional)?; //~ ERROR E0277
    Ok(())
}
