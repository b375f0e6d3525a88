// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Range,
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn post_frmr(payload: &SgMapping<'_, VVec<u8>, ToDevice>, write: impl Fn(Range<'_, ToDevice>)) {
    payload.segments().for_each(write);
}
