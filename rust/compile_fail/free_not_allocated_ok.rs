// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::prelude::*;

// What has been unmapped is the buffer, which is freed once as any other.
fn finish(mapping: Mapping<'_, KVec<u8>, ToDevice>, failed: bool) {
    let frame = mapping.unmap();

    if failed {
        drop(frame);
    }
}
