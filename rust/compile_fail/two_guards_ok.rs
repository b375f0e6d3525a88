// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    Mapping, //
};
use kernel::prelude::*;

fn copy(mut mapping: Mapping<'_, KVec<u8>, Bidirectional>) -> Result {
    let mut access = mapping.sync_range_for_cpu(0..96)?;

    access.copy_within(0..64, 32);
    Ok(())
}
