// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Pool,
    PoolObject, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

// The object holds a reference to the pool.
fn end<'a>(pool: Arc<Pool<'a, u64>>) -> Result<PoolObject<'a, u64>> {
    let object = Pool::zalloc(&pool, GFP_KERNEL)?;

    drop(pool);
    Ok(object)
}
