// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: dma_pool_destroy() itself prints "busy"
// In C: destroys a pool while its objects are in use
// Here: cannot be expressed

use crate::dma::pool::{
    DmaPool,
    PoolObject, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

fn end<'a>(pool: Arc<DmaPool<'a, u64>>) -> Result<PoolObject<'a, u64>> {
    let object = DmaPool::zalloc(&pool, GFP_KERNEL)?;

    DmaPool::destroy(pool); //~ ERROR E0599
    Ok(object)
}
