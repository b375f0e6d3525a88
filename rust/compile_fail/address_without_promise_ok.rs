// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    span::Span, //
};
use kernel::dma::DmaAddress;

/// Starts an engine.
///
/// # Safety
///
/// As for [`Engine::start_read`](crate::dma::transfer::Engine::start_read), which calls this.
unsafe fn start(from: Span<'_, ToDevice>, descriptor: &mut DmaAddress) {
    // SAFETY: The device reads these bytes and no others, once; the caller sees to it that they stay.
    *descriptor = unsafe { from.address().as_raw() };
}
