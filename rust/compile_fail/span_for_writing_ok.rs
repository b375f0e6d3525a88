// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::{
        Bidirectional,
        FromDevice, //
    },
    span::Span, //
};

fn post(frame: Span<'_, Bidirectional>) -> Span<'_, FromDevice> {
    frame.for_writing()
}
