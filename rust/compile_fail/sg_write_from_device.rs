// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to a list mapped DMA_FROM_DEVICE, which the device does not read
// Here: does not compile
// Message: a device cannot be given memory mapped ... FromDevice` to read
// Note: map the buffer `ToDevice` or `Bidirectional`

use crate::dma::{
    FromDevice,
    SgMapping, //
};
use kernel::prelude::*;

fn clear(mapping: &mut SgMapping<'_, VVec<u8>, FromDevice>) -> Result {
    mapping.sync_for_cpu().write(0, &[0; 64]) //~ ERROR E0277
}
