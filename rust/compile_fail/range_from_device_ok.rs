// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    FromDevice,
    Range, //
};

fn post(frame: Range<'_, Bidirectional>) -> Range<'_, FromDevice> {
    frame.from_device()
}
