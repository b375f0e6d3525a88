// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: writes the address of a buffer mapped DMA_TO_DEVICE to a receive descriptor
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
