// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    span::Span, //
};

// A part of the memory is told by its place in it.
fn is_below(part: core::ops::Range<usize>, span: Span<'_, ToDevice>) -> bool {
    span.slice(part).is_some()
}
