// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver has pending DMA allocations while released from device
// In C: destroys a pool while its objects are in use
// Here: cannot be expressed

use crate::dma::{
    Pool,
    PoolObject, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

fn end<'a>(pool: Arc<Pool<'a, u64>>) -> Result<PoolObject<'a, u64>> {
    let object = Pool::zalloc(&pool, GFP_KERNEL)?;

    Pool::destroy(pool); //~ ERROR E0599
    Ok(object)
}
