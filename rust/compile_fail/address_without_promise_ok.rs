// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Range,
    ToDevice, //
};
use kernel::dma::DmaAddress;

/// Starts an engine.
///
/// # Safety
///
/// As for [`Engine::issue`](crate::dma::Engine::issue), which calls this.
unsafe fn start(from: Range<'_, ToDevice>, descriptor: &mut DmaAddress) {
    // SAFETY: The device reads these bytes and no others, once; the caller keeps them mapped.
    *descriptor = unsafe { from.address().as_raw() };
}
