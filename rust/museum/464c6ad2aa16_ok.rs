// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Range,
    ToDevice, //
};
use kernel::prelude::*;

fn argument(buffer: Range<'_, ToDevice>, offset: usize) -> Result<Range<'_, ToDevice>> {
    buffer.slice(offset..buffer.len()).ok_or(EINVAL)
}
