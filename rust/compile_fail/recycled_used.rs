// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: uses a buffer after putting it back into the pool
// Here: does not compile

use crate::dma::{
    CpuBuffer,
    Pages,
    ToDevice, //
};

fn done(buffer: CpuBuffer<'_, Pages, ToDevice>) -> u8 {
    drop(buffer);

    buffer[0] //~ ERROR E0382
}
