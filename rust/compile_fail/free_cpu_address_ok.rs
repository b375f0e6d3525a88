// SPDX-License-Identifier: GPL-2.0

use crate::dma::coherent::CoherentMemory;

// A ring is replaced as a whole, and with it the device that it is for.
fn replace<'a>(ring: &mut CoherentMemory<'a, [u64]>, next: CoherentMemory<'a, [u64]>) {
    *ring = next;
}
