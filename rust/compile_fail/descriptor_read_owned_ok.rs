// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    DescriptorRing,
    FlaggedEntry,
    Untrusted, //
};

// The index comes with the descriptor.
fn received<D: FlaggedEntry>(ring: &mut DescriptorRing<'_, D>) -> Option<(u16, Untrusted<D>)> {
    ring.reap()
}
