// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to a list that is mapped DMA_FROM_DEVICE and synced for the CPU
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
