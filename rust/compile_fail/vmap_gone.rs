// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads through an address from dma_vmap_noncontiguous() after dma_vunmap_noncontiguous()
// Here: does not compile

use crate::dma::{
    FromDevice,
    NoncontiguousPages,
    VmappedPages, //
};

fn finish(
    mut pages: VmappedPages<'_, u8, FromDevice>,
) -> (NoncontiguousPages<'_, u8, FromDevice>, u8) {
    let access = pages.sync_for_cpu();
    let pages = pages.vunmap(); //~ ERROR E0505

    (pages, access[0])
}
