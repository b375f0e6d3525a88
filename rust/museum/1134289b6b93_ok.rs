// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Range,
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn fill_descriptors(
    request: &SgMapping<'_, VVec<u8>, ToDevice>,
    write: impl Fn(Range<'_, ToDevice>),
) {
    request.segments().for_each(write);
}
