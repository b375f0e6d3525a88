// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::FromDevice,
    streaming::Mapping,
    turn::CpuTurn, //
};
use kernel::prelude::*;

type Frame<'bound> = Mapping<'bound, KVec<u8>, FromDevice>;

fn next(turn: CpuTurn<Frame<'_>>) -> (Frame<'_>, u8) {
    let header = &turn[..4];
    let sum = header.iter().fold(0, |sum, byte| sum ^ byte);

    (turn.into_device(), sum)
}
