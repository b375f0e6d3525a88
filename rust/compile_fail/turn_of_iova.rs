// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver tries to sync DMA memory it has not allocated
// In C: syncs memory that dma_iova_link() has mapped, for which there is no sync
// Here: does not compile
// Message: IovaMapping ... is not memory that the CPU and a device have by turns

use crate::dma::{
    direction::FromDevice,
    iova::IovaMapping,
    turn::CpuTurn, //
};
use kernel::prelude::*;

fn peek(mapping: IovaMapping<'_, VVec<u8>, FromDevice>) {
    drop(CpuTurn::begin(mapping)); //~ ERROR E0277
}
