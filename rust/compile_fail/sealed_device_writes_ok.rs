// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::{
        DeviceReads,
        DeviceWrites, //
    },
    span::Span, //
};

// With both bounds, only a bidirectional mapping is accepted.
fn exchange<D: DeviceReads + DeviceWrites>(memory: Span<'_, D>) {
    let _ = (memory.for_reading(), memory.for_writing());
}
