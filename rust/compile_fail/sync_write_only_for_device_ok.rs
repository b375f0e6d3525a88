// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    Mapping, //
};
use kernel::prelude::*;

fn prepare(mut mapping: Mapping<'_, KVec<u8>, Bidirectional>) {
    mapping.sync_for_cpu()[0] = 0x5a;
}
