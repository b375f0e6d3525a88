// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to a list that is mapped DMA_FROM_DEVICE and synced for the CPU
// Here: does not compile
// Message: a device cannot be given memory mapped ... FromDevice` to read
// Note: map the buffer `ToDevice` or `Bidirectional`

use crate::dma::{
    CpuOwned,
    FromDevice,
    SgMapping, //
};
use kernel::prelude::*;

fn clear(owned: &mut CpuOwned<SgMapping<'_, VVec<u8>, FromDevice>>) -> Result {
    owned.write(0, &[0; 64]) //~ ERROR E0277
}
