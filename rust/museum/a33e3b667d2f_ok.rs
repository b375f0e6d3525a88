// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn free_channel(descriptors: CoherentMemory<'_, [u64]>) {
    drop(descriptors);
}
