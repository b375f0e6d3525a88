// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not know the owner of the registers
// In C: maps registers of another device, which start its DMA, without asking its driver
// Here: does not compile

use crate::dma::{
    FromDevice,
    MmioRegion,
    ResourceMapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    pci,
    prelude::*, //
};

fn behind_its_back(mine: &Device<Bound>, victim: &pci::Device<Bound>) -> Result {
    let bar = victim.iomap_region(0, c"peer")?;
    let registers = MmioRegion::from_bar(&bar, 0x80..0xa0)?; //~ ERROR E0133

    drop(ResourceMapping::map(mine, registers, FromDevice)?);
    Ok(())
}
