// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn peek(mapping: &mut Mapping<'_, KVec<u8>, FromDevice>) -> u8 {
    mapping.sync_for_cpu()[0]
}
