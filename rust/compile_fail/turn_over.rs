// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads a buffer that an earlier call has synced for the device
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
