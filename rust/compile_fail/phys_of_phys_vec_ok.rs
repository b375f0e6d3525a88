// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Range,
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn first<'a>(mapping: &'a SgMapping<'_, VVec<u8>, ToDevice>) -> Option<Range<'a, ToDevice>> {
    mapping.segments().next()
}
