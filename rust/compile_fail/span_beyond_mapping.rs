// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: gives the device a length that the buffer does not have
// Here: does not compile

use crate::dma::{
    direction::FromDevice,
    span::Span, //
};

fn window(frame: Span<'_, FromDevice>, length: usize) -> Span<'_, FromDevice> {
    frame.slice(0..length) //~ ERROR E0308
}
