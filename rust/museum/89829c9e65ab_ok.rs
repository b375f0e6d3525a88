// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn txp_unmap(frame: Mapping<'_, KVec<u8>, ToDevice>) -> KVec<u8> {
    frame.unmap()
}
