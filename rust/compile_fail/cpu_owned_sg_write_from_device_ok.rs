// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    CpuOwned,
    SgMapping, //
};
use kernel::prelude::*;

fn clear(owned: &mut CpuOwned<SgMapping<'_, VVec<u8>, Bidirectional>>) -> Result {
    owned.write(0, &[0; 64])
}
