// SPDX-License-Identifier: GPL-2.0

use crate::dma::turn::{
    CpuTurn,
    Turns, //
};

// The turn is a value, which ends once.
fn end<M: Turns>(turn: CpuTurn<M>) -> M {
    turn.into_device()
}
