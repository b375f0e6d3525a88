// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: puts the address of what the device may only read into a receive descriptor
// Here: does not compile
// Message: a device cannot be given memory mapped ... ToDevice` to write
// Note: map the buffer `FromDevice` or `Bidirectional`

use crate::dma::{
    direction::{
        FromDevice,
        ToDevice, //
    },
    span::Span, //
};

fn post(frame: Span<'_, ToDevice>) -> Span<'_, FromDevice> {
    frame.for_writing() //~ ERROR E0277
}
