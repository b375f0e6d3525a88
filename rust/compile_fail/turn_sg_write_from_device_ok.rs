// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::Bidirectional,
    sg::SgMapping,
    turn::CpuTurn, //
};
use kernel::prelude::*;

fn clear(turn: &mut CpuTurn<SgMapping<'_, VVec<u8>, Bidirectional>>) -> Result {
    turn.write(0, &[0; 64])
}
