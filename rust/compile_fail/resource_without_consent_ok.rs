// SPDX-License-Identifier: GPL-2.0

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

// Only its driver has the BAR, to lend it.
fn lent(mine: &Device<Bound>, bar: &pci::Bar<'_>) -> Result {
    let registers = MmioRegion::of_bar(bar, 0x80..0xa0)?;

    ResourceMapping::map(mine, registers, FromDevice)?.unmap();
    Ok(())
}
