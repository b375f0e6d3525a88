// SPDX-License-Identifier: GPL-2.0

// In C: frees objects to a pool with the DMA address of the next object
// Here: cannot be expressed

use crate::dma::{
    Pool,
    PoolObject, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

type Entry<'a> = PoolObject<'a, u64>;

fn free_chain(pool: &Arc<Pool<'_, u64>>, list: Entry<'_>, next: &Entry<'_>) {
    Pool::free(pool, list, next.range().address()); //~ ERROR E0599
}
