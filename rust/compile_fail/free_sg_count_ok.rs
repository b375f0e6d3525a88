// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

// The mapping knows how many entries it has.
fn finish(mapping: SgMapping<'_, VVec<u8>, ToDevice>) -> VVec<u8> {
    mapping.unmap()
}
