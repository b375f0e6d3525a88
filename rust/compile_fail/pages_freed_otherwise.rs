// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver has pending DMA allocations while released from device
// In C: frees memory from dma_alloc_noncoherent() with kfree(), which leaves it mapped
// Here: cannot be expressed

use crate::dma::{
    DevicePages,
    FromDevice, //
};
use kernel::prelude::*;

// A vector that is freed later, as any other is.
fn pass_on(pages: DevicePages<'_, u8, FromDevice>) -> KVec<u8> {
    KVec::from(pages) //~ ERROR E0277
}
