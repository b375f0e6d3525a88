// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Range,
    ToDevice, //
};
use kernel::prelude::*;

fn payload(frame: Range<'_, ToDevice>, header: usize) -> Result<Range<'_, ToDevice>> {
    frame.slice(header..frame.len()).ok_or(EINVAL)
}
