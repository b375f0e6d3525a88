// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    SgMapping, //
};
use kernel::prelude::*;

fn received(mapping: &mut SgMapping<'_, VVec<u8>, FromDevice>, header: &mut [u8]) -> Result {
    mapping.sync_for_cpu().read(0, header)
}
