// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Permits, //
};
use kernel::transmute::{
    AsBytes,
    FromBytes, //
};

#[repr(transparent)]
struct Status(u8);

// SAFETY: A byte has no padding.
unsafe impl AsBytes for Status {}

// SAFETY: A byte may have any value.
unsafe impl FromBytes for Status {}

fn permitted<D: Permits<Status>>(_direction: D) {}

fn check() {
    permitted(FromDevice);
}
