// SPDX-License-Identifier: GPL-2.0

use crate::dma::resource::MmioRegion;
use kernel::{
    io::PhysAddr,
    prelude::*, //
};

/// Returns a doorbell of a platform device.
///
/// # Safety
///
/// It is at `phys` for `'a`, and the driver of the device lets others ring it.
unsafe fn doorbell<'a>(phys: PhysAddr) -> Result<MmioRegion<'a>> {
    // SAFETY: By the caller's promise.
    unsafe { MmioRegion::from_raw(phys, 4) }
}
