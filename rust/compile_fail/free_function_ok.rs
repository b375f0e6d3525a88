// SPDX-License-Identifier: GPL-2.0

use crate::dma::coherent::CoherentMemory;

// What a value is made with is undone when it is dropped, by the function that belongs to it.
fn remove(ring: CoherentMemory<'_, [u64]>) {
    drop(ring);
}
