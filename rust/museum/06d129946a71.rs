// SPDX-License-Identifier: GPL-2.0

// In C: looks up the virtual address of a header by its DMA address after unmapping it
// Here: does not compile

use crate::dma::{
    Mapping,
    Pages,
    Range,
    ToDevice, //
};

fn free_header(header: Mapping<'_, Pages, ToDevice>, look_up: impl Fn(Range<'_, ToDevice>)) {
    let range = header.range();
    drop(header.unmap()); //~ ERROR E0505
    look_up(range);
}
