// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn show(mapping: &Mapping<'_, KVec<u8>, ToDevice>) {
    // SAFETY: The number does not reach a device.
    let address = unsafe { mapping.range().address().as_raw() };

    dev_info!(mapping.device(), "frame at {:#x}\n", address);
}
