// SPDX-License-Identifier: GPL-2.0

use crate::dma::PoolObject;

type Entry<'a> = PoolObject<'a, u64>;

fn free_chain(list: Entry<'_>) {
    drop(list);
}
