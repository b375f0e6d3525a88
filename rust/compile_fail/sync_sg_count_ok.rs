// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::FromDevice,
    streaming::Mapping, //
};
use kernel::prelude::*;

// Pieces that are mapped one by one are synced one by one, each by the size that it has.
fn received(pieces: &mut [Mapping<'_, KVec<u8>, FromDevice>]) -> usize {
    pieces
        .iter_mut()
        .map(|piece| piece.sync_for_cpu().len())
        .sum()
}
