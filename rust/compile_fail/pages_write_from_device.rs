// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to memory allocated with DMA_FROM_DEVICE, whose cache lines the next sync discards
// Here: does not compile

use crate::dma::{
    FromDevice,
    VmappedPages, //
};

fn mark_as_read(pages: &mut VmappedPages<'_, u8, FromDevice>) {
    let mut access = pages.sync_for_cpu();

    access[0] = 0; //~ ERROR E0594
}
