// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    SgMapping, //
};
use kernel::prelude::*;

fn clear(mapping: &mut SgMapping<'_, VVec<u8>, Bidirectional>) -> Result {
    mapping.sync_for_cpu().write(0, &[0; 64])
}
