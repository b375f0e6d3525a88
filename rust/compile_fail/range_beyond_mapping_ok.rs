// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Range, //
};
use kernel::prelude::*;

fn window(frame: Range<'_, FromDevice>, length: usize) -> Result<Range<'_, FromDevice>> {
    frame.slice(0..length).ok_or(EINVAL)
}
