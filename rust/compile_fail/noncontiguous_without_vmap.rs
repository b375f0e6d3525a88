// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the CPU does
// In C: reads non-contiguous memory from the address of its first page on
// Here: cannot be expressed

use crate::dma::{
    direction::FromDevice,
    pages::NoncontiguousPages, //
};

fn first(mut pages: NoncontiguousPages<'_, u8, FromDevice>) -> u8 {
    pages.sync_for_cpu()[0] //~ ERROR E0599
}
