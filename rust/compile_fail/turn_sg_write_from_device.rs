// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the CPU does
// In C: writes, in its turn, to a list that the device fills, and that the device will never read
// Here: does not compile
// Message: a device cannot be given memory mapped ... FromDevice` to read
// Note: map the buffer `ToDevice` or `Bidirectional`

use crate::dma::{
    direction::FromDevice,
    sg::SgMapping,
    turn::CpuTurn, //
};
use kernel::prelude::*;

fn clear(turn: &mut CpuTurn<SgMapping<'_, VVec<u8>, FromDevice>>) -> Result {
    turn.write(0, &[0; 64]) //~ ERROR E0277
}
