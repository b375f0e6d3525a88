// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to user pages that are pinned without FOLL_WRITE, such as those of a file
// Here: does not compile
// Message: a device cannot be given memory mapped ... ToDevice` to write

use crate::dma::{
    SgMapping,
    ToDevice, //
    UserPages,
};
use kernel::prelude::*;

fn clear(mapping: &mut SgMapping<'_, UserPages<ToDevice>, ToDevice>) -> Result {
    mapping.sync_for_cpu().write(0, &[0; 64]) //~ ERROR E0277
}
