// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the CPU does
// In C: writes, in its turn, to a buffer that the device fills, and that the device will never read
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
