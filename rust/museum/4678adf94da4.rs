// SPDX-License-Identifier: GPL-2.0

// In C: adds a fixed headroom to the DMA address of a page although the frame begins elsewhere
// Here: cannot be expressed

use crate::dma::{
    Range,
    ToDevice, //
};

fn xdp_frame(page: Range<'_, ToDevice>, headroom: usize) -> Range<'_, ToDevice> {
    page + headroom //~ ERROR E0369
}
