// SPDX-License-Identifier: GPL-2.0

// In C: gives requests back to their owner while they are mapped
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn give_back(request: Mapping<'_, KVec<u8>, FromDevice>) -> KVec<u8> {
    request //~ ERROR E0308
}
