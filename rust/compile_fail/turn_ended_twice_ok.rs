// SPDX-License-Identifier: GPL-2.0

use crate::dma::turn::{
    CpuTurn,
    Turns, //
};

// The CPU's ownership is a value that is consumed once.
fn end<M: Turns>(turn: CpuTurn<M>) -> M {
    turn.into_device()
}
