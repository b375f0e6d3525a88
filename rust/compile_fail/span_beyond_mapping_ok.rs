// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::FromDevice,
    span::Span, //
};
use kernel::prelude::*;

fn window(frame: Span<'_, FromDevice>, length: usize) -> Result<Span<'_, FromDevice>> {
    frame.slice(0..length).ok_or(EINVAL)
}
