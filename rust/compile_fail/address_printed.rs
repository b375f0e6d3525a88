// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: prints a DMA address, and reads the number from the text
// Here: cannot be expressed: an address cannot be printed

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn show(mapping: &Mapping<'_, KVec<u8>, ToDevice>) {
    let dev = mapping.device();

    dev_info!(dev, "frame at {:#x}\n", mapping.range().address()); //~ ERROR E0277
}
