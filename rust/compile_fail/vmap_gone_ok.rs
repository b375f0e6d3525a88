// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    NoncontiguousPages,
    VmappedPages, //
};

fn finish(
    mut pages: VmappedPages<'_, u8, FromDevice>,
) -> (NoncontiguousPages<'_, u8, FromDevice>, u8) {
    let first = pages.sync_for_cpu()[0];

    (pages.vunmap(), first)
}
