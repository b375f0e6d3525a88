// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    span::Span, //
};

// Parts of the memory are compared by their offsets.
fn is_below(part: core::ops::Range<usize>, span: Span<'_, ToDevice>) -> bool {
    span.slice(part).is_some()
}
