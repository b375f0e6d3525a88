// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    Mapping, //
};
use kernel::prelude::*;

// The mapping remembers its direction.
fn first(mut mapping: Mapping<'_, KVec<u8>, Bidirectional>) -> u8 {
    mapping.sync_for_cpu()[0]
}
