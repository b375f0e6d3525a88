// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: makes up a DMA address
// Here: does not compile

use crate::dma::{
    direction::FromDevice,
    span::Span, //
};

fn doorbell() -> Span<'static, FromDevice> {
    Span::new(0x0800_0000, 4) //~ ERROR E0133
}
