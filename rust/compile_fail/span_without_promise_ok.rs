// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::FromDevice,
    span::Span,
    streaming::Mapping, //
};
use kernel::prelude::*;

fn doorbell<'a>(mapping: &'a Mapping<'_, KVec<u8>, FromDevice>) -> Option<Span<'a, FromDevice>> {
    mapping.span().slice(0..4)
}
