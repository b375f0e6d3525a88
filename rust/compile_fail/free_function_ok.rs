// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

// Drop calls the function that matches the allocation.
fn remove(ring: CoherentMemory<'_, [u64]>) {
    drop(ring);
}
