// SPDX-License-Identifier: GPL-2.0

// In C: restarts the device with descriptors whose pages are freed
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping,
    Pages,
    Range, //
};

fn reload(page: Mapping<'_, Pages, FromDevice>, post: impl Fn(Range<'_, FromDevice>)) {
    let range = page.range();
    drop(page.unmap()); //~ ERROR E0505
    post(range);
}
