// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn give_back(request: Mapping<'_, KVec<u8>, FromDevice>) -> KVec<u8> {
    request.unmap()
}
