// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn complete_task(data: SgMapping<'_, VVec<u8>, ToDevice>) -> VVec<u8> {
    data.unmap()
}
