// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads a descriptor by its index, without a look at its owner
// Here: cannot be expressed: only the descriptor that the device has given back is returned

use crate::dma::{
    DescriptorRing,
    FlaggedEntry, //
};

fn received<D: FlaggedEntry>(ring: &mut DescriptorRing<'_, D>, index: usize) -> Option<D> {
    ring.get(index).copied() //~ ERROR E0599
}
