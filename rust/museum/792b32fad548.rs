// SPDX-License-Identifier: GPL-2.0

// In C: unmaps entries of a list that were not mapped, as zero is not the address of an error
// Here: does not compile

use crate::dma::{
    Bidirectional,
    Mapping, //
};
use kernel::prelude::*;

struct Request<'a> {
    data: Option<Mapping<'a, KVec<u8>, Bidirectional>>,
}

fn free_list(request: Request<'_>) {
    drop(request.data.unmap()); //~ ERROR E0599
}
