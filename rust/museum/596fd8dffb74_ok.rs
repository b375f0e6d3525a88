// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Range,
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn dma_tx(fifo: &SgMapping<'_, VVec<u8>, ToDevice>, write: impl Fn(Range<'_, ToDevice>)) {
    fifo.segments().for_each(write);
}
