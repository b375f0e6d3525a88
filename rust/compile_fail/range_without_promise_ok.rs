// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping,
    Range, //
};
use kernel::prelude::*;

fn doorbell<'a>(mapping: &'a Mapping<'_, KVec<u8>, FromDevice>) -> Option<Range<'a, FromDevice>> {
    mapping.range().slice(0..4)
}
