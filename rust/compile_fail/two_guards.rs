// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the CPU does
// In C: two functions have the buffer synced for the CPU, and one gives it back
// Here: does not compile

use crate::dma::{
    direction::Bidirectional,
    streaming::Mapping, //
};
use kernel::prelude::*;

fn copy(mut mapping: Mapping<'_, KVec<u8>, Bidirectional>) -> Result {
    let source = mapping.sync_range_for_cpu(0..64)?;
    let mut target = mapping.sync_range_for_cpu(32..96)?; //~ ERROR E0499

    target.copy_from_slice(&source);
    Ok(())
}
