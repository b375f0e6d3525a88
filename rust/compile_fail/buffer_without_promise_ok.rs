// SPDX-License-Identifier: GPL-2.0

use crate::dma::buffer::Buffer;
use core::ptr::NonNull;
use kernel::prelude::*;

struct Table(KBox<[u8; 64]>);

// SAFETY: The methods are those of the `KBox`, which keeps these promises.
unsafe impl Buffer for Table {
    type Target = [u8; 64];
    type Raw = NonNull<[u8; 64]>;

    fn into_raw(self) -> Self::Raw {
        Buffer::into_raw(self.0)
    }

    unsafe fn from_raw(raw: Self::Raw) -> Self {
        // SAFETY: By the safety requirements of this function.
        Self(unsafe { Buffer::from_raw(raw) })
    }

    unsafe fn target(raw: Self::Raw) -> NonNull<[u8; 64]> {
        raw
    }
}
