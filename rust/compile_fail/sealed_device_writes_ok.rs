// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    DeviceReads,
    DeviceWrites,
    Range, //
};

// With both bounds, only a bidirectional mapping is accepted.
fn exchange<D: DeviceReads + DeviceWrites>(memory: Range<'_, D>) {
    let _ = (memory.to_device(), memory.from_device());
}
