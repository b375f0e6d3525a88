// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn copy_request(mut request: Mapping<'_, KVec<u8>, ToDevice>) -> u8 {
    request.sync_for_cpu()[0]
}
