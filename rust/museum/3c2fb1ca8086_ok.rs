// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn free_host_memory(descriptors: CoherentMemory<'_, [u8]>) {
    drop(descriptors);
}
