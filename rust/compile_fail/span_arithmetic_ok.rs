// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    span::Span, //
};
use kernel::prelude::*;

fn payload(frame: Span<'_, ToDevice>, header: usize) -> Result<Span<'_, ToDevice>> {
    frame.slice(header..frame.len()).ok_or(EINVAL)
}
