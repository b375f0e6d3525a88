// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    SgMapping,
    ToDevice, //
};
use kernel::prelude::*;

fn send_done(message: SgMapping<'_, VVec<u8>, ToDevice>) -> VVec<u8> {
    message.unmap()
}
