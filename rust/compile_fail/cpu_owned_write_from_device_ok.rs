// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    CpuOwned,
    Mapping, //
};
use kernel::prelude::*;

fn clear(owned: &mut CpuOwned<Mapping<'_, KVec<u8>, Bidirectional>>) {
    owned.fill(0);
}
