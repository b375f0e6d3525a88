// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    Mapping, //
};
use kernel::prelude::*;

struct Request<'a> {
    data: Option<Mapping<'a, KVec<u8>, Bidirectional>>,
}

fn free_list(request: Request<'_>) {
    drop(request.data.map(Mapping::unmap));
}
