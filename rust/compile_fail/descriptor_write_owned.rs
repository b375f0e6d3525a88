// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to a descriptor that the device owns
// Here: cannot be expressed: the ring writes to the next descriptor that the CPU owns

use crate::dma::{
    DescriptorRing,
    FlaggedEntry, //
};

fn refill<D: FlaggedEntry>(ring: &mut DescriptorRing<'_, D>, index: usize, descriptor: D) {
    ring[index] = descriptor; //~ ERROR E0608
}
