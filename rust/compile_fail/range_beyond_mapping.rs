// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: gives the device a length beyond the end of the buffer
// Here: does not compile

use crate::dma::{
    FromDevice,
    Range, //
};

fn window(frame: Range<'_, FromDevice>, length: usize) -> Range<'_, FromDevice> {
    frame.slice(0..length) //~ ERROR E0308
}
