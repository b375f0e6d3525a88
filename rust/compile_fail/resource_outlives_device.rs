// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not know whose registers they are
// In C: keeps the mapping of another device's registers after that device has gone
// Here: does not compile

use crate::dma::{
    direction::FromDevice,
    resource::{
        MmioRegion,
        ResourceMapping, //
    }, //
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
    // SAFETY: It is a doorbell, and nothing rests on who rings it.
    let registers = unsafe { MmioRegion::of_bar(other, 0..4)? };

    ResourceMapping::map(dev, registers, FromDevice) //~ ERROR E0621
}
