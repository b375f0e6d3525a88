// SPDX-License-Identifier: GPL-2.0

use crate::dma::PoolObject;
use kernel::prelude::*;

fn free_chain(first: PoolObject<'_, u64>, list: KVec<PoolObject<'_, u64>>) {
    drop(first);
    drop(list);
}
