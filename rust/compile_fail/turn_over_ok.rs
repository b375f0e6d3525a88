// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::FromDevice,
    pages::DevicePages,
    turn::CpuTurn, //
};

fn next<'bound>(
    turn: CpuTurn<DevicePages<'bound, u8, FromDevice>>,
) -> (DevicePages<'bound, u8, FromDevice>, u8) {
    let first = turn[0];

    (turn.into_device(), first)
}
