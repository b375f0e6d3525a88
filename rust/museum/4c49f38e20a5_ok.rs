// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Range,
    ToDevice, //
};
use kernel::prelude::*;

fn tso_payload(head: Range<'_, ToDevice>, header: usize) -> Result<Range<'_, ToDevice>> {
    head.slice(header..head.len()).ok_or(EINVAL)
}
