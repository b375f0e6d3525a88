// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    sg::SgMapping,
    span::Span, //
};
use kernel::prelude::*;

fn first<'a>(mapping: &'a SgMapping<'_, VVec<u8>, ToDevice>) -> Option<Span<'a, ToDevice>> {
    mapping.spans().next()
}
