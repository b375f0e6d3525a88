// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping,
    Pages,
    Range, //
};

fn reload(page: Mapping<'_, Pages, FromDevice>, post: impl Fn(Range<'_, FromDevice>)) {
    post(page.range());
    drop(page.unmap());
}
