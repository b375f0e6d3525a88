// SPDX-License-Identifier: GPL-2.0

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

/// Lends registers to another device.
///
/// # Safety
///
/// The soundness of the driver that owns `bar` does not depend on these registers.
unsafe fn lent(mine: &Device<Bound>, bar: &pci::Bar<'_>) -> Result {
    // SAFETY: By the safety requirements of this function.
    let registers = unsafe { MmioRegion::from_bar(bar, 0x80..0xa0)? };

    drop(ResourceMapping::map(mine, registers, FromDevice)?);
    Ok(())
}
