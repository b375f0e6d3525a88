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

/// Lends registers to another device.
///
/// # Safety
///
/// No safety of the driver that has `bar` rests on them.
unsafe fn lent(mine: &Device<Bound>, bar: &pci::Bar<'_>) -> Result {
    // SAFETY: By the caller's promise.
    let registers = unsafe { MmioRegion::of_bar(bar, 0x80..0xa0)? };

    ResourceMapping::map(mine, registers, FromDevice)?.unmap();
    Ok(())
}
