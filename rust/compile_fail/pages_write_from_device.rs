// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the CPU does
// In C: writes to memory that only the device writes, and that is invalidated in the caches next time
// Here: does not compile

use crate::dma::{
    direction::FromDevice,
    pages::VmappedPages, //
};

fn mark_as_read(pages: &mut VmappedPages<'_, u8, FromDevice>) {
    let mut access = pages.sync_for_cpu();

    access[0] = 0; //~ ERROR E0594
}
