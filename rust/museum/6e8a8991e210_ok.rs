// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Direction,
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn free_mapped<D: Direction>(frame: Mapping<'_, KVec<u8>, D>) {
    drop(frame.unmap());
}

fn tx_complete(frame: Mapping<'_, KVec<u8>, ToDevice>) {
    free_mapped(frame);
}
