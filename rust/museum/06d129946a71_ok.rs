// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    Pages,
    Range,
    ToDevice, //
};

fn free_header(header: Mapping<'_, Pages, ToDevice>, look_up: impl Fn(Range<'_, ToDevice>)) {
    look_up(header.range());
    drop(header.unmap());
}
