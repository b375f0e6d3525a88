// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    Mapping,
    Range, //
};
use kernel::prelude::*;

fn send_ls_request<'a>(
    request: &'a Mapping<'_, KVec<u8>, Bidirectional>,
) -> Range<'a, Bidirectional> {
    // The layer above has mapped it.
    request.range()
}
