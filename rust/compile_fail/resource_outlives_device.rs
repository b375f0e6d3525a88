// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not know the owner of the registers
// In C: keeps the registers of another device mapped after that device was removed
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

fn doorbell<'a>(
    dev: &'a Device<Bound>,
    other: &pci::Bar<'_>,
) -> Result<ResourceMapping<'a, FromDevice>> {
    // SAFETY: It is a doorbell, which any device may write to.
    let registers = unsafe { MmioRegion::from_bar(other, 0..4)? };

    ResourceMapping::map(dev, registers, FromDevice) //~ ERROR E0621
}
