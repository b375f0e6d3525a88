// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads non-contiguous memory beyond its first page without a vmap
// Here: cannot be expressed

use crate::dma::{
    FromDevice,
    NoncontiguousPages, //
};

fn first(mut pages: NoncontiguousPages<'_, u8, FromDevice>) -> u8 {
    pages.sync_for_cpu()[0] //~ ERROR E0599
}
