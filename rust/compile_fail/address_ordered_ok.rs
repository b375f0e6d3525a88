// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Range,
    ToDevice, //
};

// Parts of the memory are compared by their offsets.
fn is_below(part: core::ops::Range<usize>, range: Range<'_, ToDevice>) -> bool {
    range.slice(part).is_some()
}
