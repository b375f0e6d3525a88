// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn tx_complete(fifo: SgMapping<'_, VVec<u8>, ToDevice>) -> VVec<u8> {
    fifo.unmap()
}
