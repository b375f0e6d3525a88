// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver maps memory from kernel text or rodata
// In C: maps a constant table
// Here: does not compile
// Message: `&[u8; 4]` cannot be mapped for streaming DMA
// Note: `KBox<T>`, `KVec<T>` and `dma::Pages` can

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

static RESET: [u8; 4] = [0xde, 0xad, 0xbe, 0xef];

fn reset(dev: &Device<Bound>) -> Result {
    Mapping::map(dev, &RESET, ToDevice)?; //~ ERROR E0277
    Ok(())
}
