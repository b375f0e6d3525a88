// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: writes the address of a buffer mapped DMA_TO_DEVICE to a receive descriptor
// Here: does not compile
// Message: a device cannot be given memory mapped ... ToDevice` to write
// Note: map the buffer `FromDevice` or `Bidirectional`

use crate::dma::{
    FromDevice,
    Range,
    ToDevice, //
};

fn post(frame: Range<'_, ToDevice>) -> Range<'_, FromDevice> {
    frame.from_device() //~ ERROR E0277
}
