// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn free_ring(ring: CoherentMemory<'_, [u8]>) {
    drop(ring);
}
