// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver maps memory from vmalloc area
// In C: maps memory from kvmalloc(), which falls back to vmalloc()
// Here: does not compile
// Message: cannot be mapped for streaming DMA
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

fn upload(dev: &Device<Bound>) -> Result {
    let table = KVVec::from_elem(0u8, 65536, GFP_KERNEL)?;

    Mapping::map(dev, table, ToDevice)?; //~ ERROR E0277
    Ok(())
}
