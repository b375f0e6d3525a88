// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    SgMapping,
    UserPages, //
};
use kernel::prelude::*;

fn clear(mapping: &mut SgMapping<'_, UserPages<Bidirectional>, Bidirectional>) -> Result {
    mapping.sync_for_cpu().write(0, &[0; 64])
}
