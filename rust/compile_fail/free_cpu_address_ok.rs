// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

// The ring is replaced with its DMA address and its device.
fn replace<'a>(ring: &mut CoherentMemory<'a, [u64]>, next: CoherentMemory<'a, [u64]>) {
    *ring = next;
}
