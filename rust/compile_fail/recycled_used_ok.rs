// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CpuBuffer,
    Pages,
    ToDevice, //
};

fn done(buffer: CpuBuffer<'_, Pages, ToDevice>) -> u8 {
    let first = buffer[0];

    drop(buffer);
    first
}
