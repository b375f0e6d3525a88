// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

// Only the whole mapping can be unmapped.
fn drop_header(mapping: Mapping<'_, KVec<u8>, ToDevice>) -> Result {
    let header = mapping.range().slice(0..64).ok_or(EINVAL)?;

    dev_dbg!(mapping.device(), "header of {} bytes\n", header.len());
    mapping.unmap();
    Ok(())
}
