// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it checks calls, not the assumptions of the driver
// In C: maps memory without knowing that it may be mapped
// Here: does not compile

use crate::dma::Buffer;
use core::ptr::NonNull;
use kernel::prelude::*;

struct Table(VBox<[u8; 64]>);

impl Buffer for Table {
    //~^ ERROR E0200
    type Target = [u8; 64];
    type Rest = ();

    fn into_raw(self) -> (NonNull<[u8; 64]>, ()) {
        (NonNull::from(VBox::leak(self.0)), ())
    }

    unsafe fn from_raw(data: NonNull<[u8; 64]>, (): ()) -> Self {
        // SAFETY: By the safety requirements of this function.
        Self(unsafe { VBox::from_raw(data.as_ptr()) })
    }
}
