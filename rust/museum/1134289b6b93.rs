// SPDX-License-Identifier: GPL-2.0

// In C: writes as many descriptors as the list had entries before it was mapped
// Here: cannot be expressed

use crate::dma::{
    Range,
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn fill_descriptors(
    request: &SgMapping<'_, VVec<u8>, ToDevice>,
    entries: usize,
    write: impl Fn(Range<'_, ToDevice>),
) {
    request.segments(entries).for_each(write); //~ ERROR E0061
}
