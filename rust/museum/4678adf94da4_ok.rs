// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Range,
    ToDevice, //
};
use kernel::prelude::*;

fn xdp_frame(page: Range<'_, ToDevice>, headroom: usize) -> Result<Range<'_, ToDevice>> {
    page.slice(headroom..page.len()).ok_or(EINVAL)
}
