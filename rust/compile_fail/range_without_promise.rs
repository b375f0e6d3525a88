// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: makes up a DMA address
// Here: does not compile

use crate::dma::{
    FromDevice,
    Range, //
};

fn doorbell() -> Range<'static, FromDevice> {
    Range::new(0x0800_0000, 4) //~ ERROR E0133
}
