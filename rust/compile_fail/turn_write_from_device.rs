// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to a buffer that is mapped DMA_FROM_DEVICE and synced for the CPU
// Here: does not compile

use crate::dma::{
    direction::FromDevice,
    streaming::Mapping,
    turn::CpuTurn, //
};
use kernel::prelude::*;

fn clear(turn: &mut CpuTurn<Mapping<'_, KVec<u8>, FromDevice>>) {
    turn.fill(0); //~ ERROR E0596
}
