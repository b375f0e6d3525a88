// SPDX-License-Identifier: GPL-2.0

// In C: takes a DMA address for a physical one and reads through phys_to_virt() of it
// Here: cannot be expressed

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn copy_request(request: Mapping<'_, KVec<u8>, ToDevice>) -> u8 {
    request.range().address().as_ref()[0] //~ ERROR E0599
}
