// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver tries to free DMA memory it has not allocated
// In C: unmaps the address of a fragment of a mapping
// Here: cannot be expressed

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn drop_header(mapping: Mapping<'_, KVec<u8>, ToDevice>) -> Result {
    let header = mapping.range().slice(0..64).ok_or(EINVAL)?;

    header.unmap(); //~ ERROR E0599
    Ok(())
}
