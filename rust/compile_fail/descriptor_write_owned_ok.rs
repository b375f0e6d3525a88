// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    DescriptorRing,
    FlaggedEntry, //
};
use kernel::prelude::*;

// A full ring refuses it.
fn refill<D: FlaggedEntry>(ring: &mut DescriptorRing<'_, D>, descriptor: D) -> Result<u16> {
    Ok(ring.post(descriptor)?)
}
