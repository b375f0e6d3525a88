// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: adds to a DMA address, beyond the end of the buffer
// Here: cannot be expressed

use crate::dma::{
    Range,
    ToDevice, //
};

fn payload(frame: Range<'_, ToDevice>, header: usize) -> Range<'_, ToDevice> {
    frame + header //~ ERROR E0369
}
