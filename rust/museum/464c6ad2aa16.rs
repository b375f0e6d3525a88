// SPDX-License-Identifier: GPL-2.0

// In C: adds an offset that has wrapped to a DMA address
// Here: cannot be expressed

use crate::dma::{
    Range,
    ToDevice, //
};

fn argument(buffer: Range<'_, ToDevice>, offset: usize) -> Range<'_, ToDevice> {
    buffer + offset //~ ERROR E0369
}
