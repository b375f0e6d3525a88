// SPDX-License-Identifier: GPL-2.0

// In C: frees the first object of a chain to its pool twice
// Here: does not compile

use crate::dma::PoolObject;
use kernel::prelude::*;

fn free_chain(first: PoolObject<'_, u64>, list: KVec<PoolObject<'_, u64>>) {
    drop(first);
    drop(list);
    drop(first); //~ ERROR E0382
}
