// SPDX-License-Identifier: GPL-2.0

// In C: passes a value of enum dma_transfer_direction as enum dma_data_direction
// Here: does not compile

use crate::dma::Mapping;
use kernel::prelude::*;

// A direction of a transfer by the DMA engine.
struct DevToMem;

struct Request<'a> {
    data: Mapping<'a, KVec<u8>, DevToMem>, //~ ERROR E0277
}

fn read_fifo(request: Request<'_>) {
    drop(request);
}
