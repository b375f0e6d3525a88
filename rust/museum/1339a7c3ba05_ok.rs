// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Range,
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn prepare_dma(blocks: &SgMapping<'_, VVec<u8>, ToDevice>, write: impl Fn(Range<'_, ToDevice>)) {
    blocks.segments().for_each(write);
}
