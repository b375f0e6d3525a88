// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn length(mut mapping: Mapping<'_, KVec<u8>, FromDevice>) -> (KVec<u8>, u8) {
    let length = mapping.sync_for_cpu()[0];
    let frame = mapping.unmap();

    (frame, length)
}
