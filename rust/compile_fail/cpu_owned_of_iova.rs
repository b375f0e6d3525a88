// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver tries to sync DMA memory it has not allocated
// In C: syncs memory mapped by dma_iova_link(), for which there is no sync
// Here: does not compile
// Message: IovaMapping ... cannot be synced for the CPU

use crate::dma::{
    CpuOwned,
    FromDevice,
    IovaMapping, //
};
use kernel::prelude::*;

/// A received buffer that the driver reads over several calls.
struct Received<'bound> {
    frame: CpuOwned<IovaMapping<'bound, VVec<u8>, FromDevice>>, //~ ERROR E0277
}
