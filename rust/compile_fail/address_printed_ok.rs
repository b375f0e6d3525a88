// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::prelude::*;

fn show(mapping: &Mapping<'_, KVec<u8>, ToDevice>) {
    // SAFETY: The number does not reach a device.
    let address = unsafe { mapping.span().address().as_raw() };

    dev_info!(mapping.device(), "frame at {:#x}\n", address);
}
