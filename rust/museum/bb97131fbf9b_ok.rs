// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn free_pipe(ring: CoherentMemory<'_, [u64]>) {
    drop(ring);
}
