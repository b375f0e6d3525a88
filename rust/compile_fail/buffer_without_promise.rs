// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it checks calls, not the assumptions of the driver
// In C: maps memory without knowing that it may be mapped
// Here: does not compile

use crate::dma::buffer::Buffer;
use core::ptr::NonNull;
use kernel::prelude::*;

struct Table(VBox<[u8; 64]>);

impl Buffer for Table {
    //~^ ERROR E0200
    type Target = [u8; 64];
    type Raw = NonNull<[u8; 64]>;

    fn into_raw(self) -> Self::Raw {
        NonNull::from(VBox::leak(self.0))
    }

    unsafe fn from_raw(raw: Self::Raw) -> Self {
        // SAFETY: By the safety requirements of this function.
        Self(unsafe { VBox::from_raw(raw.as_ptr()) })
    }

    unsafe fn target(raw: Self::Raw) -> NonNull<[u8; 64]> {
        raw
    }
}
