// SPDX-License-Identifier: GPL-2.0

use crate::dma::Buffer;
use core::ptr::NonNull;
use kernel::prelude::*;

struct Table(KBox<[u8; 64]>);

// SAFETY: The methods are those of the `KBox`, which keeps these promises.
unsafe impl Buffer for Table {
    type Target = [u8; 64];
    type Rest = ();

    fn into_raw(self) -> (NonNull<[u8; 64]>, ()) {
        Buffer::into_raw(self.0)
    }

    unsafe fn from_raw(data: NonNull<[u8; 64]>, rest: ()) -> Self {
        // SAFETY: By the safety requirements of this function.
        Self(unsafe { Buffer::from_raw(data, rest) })
    }
}
