// SPDX-License-Identifier: GPL-2.0

// In C: adds the length of the header to a DMA address, and unmaps with the sum
// Here: cannot be expressed

use crate::dma::{
    Range,
    ToDevice, //
};

fn tso_payload(head: Range<'_, ToDevice>, header: usize) -> Range<'_, ToDevice> {
    head + header //~ ERROR E0369
}
