// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads memory from dma_alloc_noncoherent() without a sync
// Here: cannot be expressed

use crate::dma::{
    DevicePages,
    FromDevice, //
};

fn first(pages: &mut DevicePages<'_, u8, FromDevice>) -> u8 {
    pages[0] //~ ERROR E0608
}
