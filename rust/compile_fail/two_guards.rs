// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: gives a buffer back to the device while another function has it synced for the CPU
// Here: does not compile

use crate::dma::{
    Bidirectional,
    Mapping, //
};
use kernel::prelude::*;

fn copy(mut mapping: Mapping<'_, KVec<u8>, Bidirectional>) -> Result {
    let source = mapping.sync_range_for_cpu(0..64)?;
    let mut target = mapping.sync_range_for_cpu(32..96)?; //~ ERROR E0499

    target.copy_from_slice(&source);
    Ok(())
}
