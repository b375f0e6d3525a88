// SPDX-License-Identifier: GPL-2.0

use crate::dma::MmioRegion;
use kernel::{
    io::PhysAddr,
    prelude::*, //
};

/// Returns a doorbell of a platform device.
///
/// # Safety
///
/// It is at `phys` for `'a`, and the driver of the device lets other devices write to it.
unsafe fn doorbell<'a>(phys: PhysAddr) -> Result<MmioRegion<'a>> {
    // SAFETY: By the safety requirements of this function.
    unsafe { MmioRegion::from_raw(phys, 4) }
}
