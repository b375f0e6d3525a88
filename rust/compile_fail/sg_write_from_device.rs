// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the CPU does
// In C: writes to a list that the device fills, and that the device will never read
// Here: does not compile
// Message: a device cannot be given memory mapped ... FromDevice` to read
// Note: map the buffer `ToDevice` or `Bidirectional`

use crate::dma::{
    direction::FromDevice,
    sg::SgMapping, //
};
use kernel::prelude::*;

fn clear(mapping: &mut SgMapping<'_, VVec<u8>, FromDevice>) -> Result {
    mapping.sync_for_cpu().write(0, &[0; 64]) //~ ERROR E0277
}
