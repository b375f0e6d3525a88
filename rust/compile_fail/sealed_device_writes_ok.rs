// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::{
        DeviceReads,
        DeviceWrites, //
    },
    span::Span, //
};

// What asks for both takes what is mapped for both.
fn exchange<D: DeviceReads + DeviceWrites>(memory: Span<'_, D>) {
    let _ = (memory.for_reading(), memory.for_writing());
}
