// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the CPU does
// In C: reads the buffer after it has given it back to the device in an earlier call
// Here: does not compile

use crate::dma::{
    direction::FromDevice,
    pages::DevicePages,
    turn::CpuTurn, //
};

fn next<'bound>(
    turn: CpuTurn<DevicePages<'bound, u8, FromDevice>>,
) -> (DevicePages<'bound, u8, FromDevice>, u8) {
    let pages = turn.into_device();

    (pages, turn[0]) //~ ERROR E0382
}
