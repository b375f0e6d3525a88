// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes data for the device into a buffer of a receive pool
// Here: does not compile

use crate::dma::{
    CpuBuffer,
    FromDevice,
    Pages, //
};

fn answer(frame: &mut CpuBuffer<'_, Pages, FromDevice>) {
    frame[0] = 0x5a; //~ ERROR E0594
}
