// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn memclean(buffers: CoherentMemory<'_, [u64]>) {
    drop(buffers);
}
