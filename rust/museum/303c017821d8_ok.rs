// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn free_target_memory(segment: CoherentMemory<'_, [u8]>) {
    drop(segment);
}
