// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;
use kernel::dma::DmaAddress;

/// Tells a device where the memory is.
///
/// # Safety
///
/// The device is given the number, and accesses the memory only while it is there.
unsafe fn send(memory: &CoherentMemory<'_, [u8]>, descriptor: &mut DmaAddress) {
    // SAFETY: By the safety requirements of this function.
    *descriptor = unsafe { memory.range().address().as_raw() };
}
