// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver tries to sync DMA memory it has not allocated
// In C: syncs memory mapped by dma_iova_link(), for which there is no sync
// Here: does not compile
// Message: IovaMapping ... is not memory that the CPU and a device have by turns

use crate::dma::{
    direction::FromDevice,
    iova::IovaMapping,
    turn::CpuTurn, //
};
use kernel::prelude::*;

/// A received buffer that the driver reads over several calls.
struct Received<'bound> {
    frame: CpuTurn<IovaMapping<'bound, VVec<u8>, FromDevice>>, //~ ERROR E0277
}
