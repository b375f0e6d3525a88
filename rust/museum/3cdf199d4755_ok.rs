// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn tx_complete(frame: Mapping<'_, KVec<u8>, ToDevice>) -> KVec<u8> {
    frame.unmap()
}
