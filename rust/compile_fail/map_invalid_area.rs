// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver maps memory from invalid area
// In C: maps a pointer outside the linear map of the kernel, such as one from ioremap()
// Here: does not compile
// Message: `*mut u8` cannot be mapped for streaming DMA
// Note: `KBox<T>`, `KVec<T>` and `dma::Pages` can

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn receive(dev: &Device<Bound>, registers: *mut u8) -> Result {
    Mapping::map(dev, registers, FromDevice)?; //~ ERROR E0277
    Ok(())
}
