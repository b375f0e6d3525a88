// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    CpuBuffer,
    Pages, //
};

fn answer(frame: &mut CpuBuffer<'_, Pages, Bidirectional>) {
    frame[0] = 0x5a;
}
