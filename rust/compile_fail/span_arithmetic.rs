// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: adds to a DMA address, and leaves the buffer
// Here: cannot be expressed

use crate::dma::{
    direction::ToDevice,
    span::Span, //
};

fn payload(frame: Span<'_, ToDevice>, header: usize) -> Span<'_, ToDevice> {
    frame + header //~ ERROR E0369
}
