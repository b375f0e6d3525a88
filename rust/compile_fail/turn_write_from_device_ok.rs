// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::Bidirectional,
    streaming::Mapping,
    turn::CpuTurn, //
};
use kernel::prelude::*;

fn clear(turn: &mut CpuTurn<Mapping<'_, KVec<u8>, Bidirectional>>) {
    turn.fill(0);
}
