// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    VmappedPages, //
};

fn mark_as_read(pages: &mut VmappedPages<'_, u8, Bidirectional>) {
    let mut access = pages.sync_for_cpu();

    access[0] = 0;
}
