// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
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

fn map(dev: &Device<Bound>, other: &pci::Bar<'_>) -> Result {
    // SAFETY: It is a doorbell, which any device may write to.
    let registers = unsafe { MmioRegion::from_bar(other, 0..4)? };

    drop(ResourceMapping::map(dev, registers, Bidirectional)?);
    Ok(())
}
