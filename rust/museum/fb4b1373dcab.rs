// SPDX-License-Identifier: GPL-2.0

// In C: registers the entries of a list by their number before the mapping
// Here: cannot be expressed

use crate::dma::{
    Range,
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn post_frmr(
    payload: &SgMapping<'_, VVec<u8>, ToDevice>,
    entries: usize,
    write: impl Fn(Range<'_, ToDevice>),
) {
    payload.segments(entries).for_each(write); //~ ERROR E0061
}
