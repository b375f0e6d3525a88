// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

struct Request<'a> {
    fragment: Option<Mapping<'a, KVec<u8>, ToDevice>>,
}

fn tx_clear(request: Request<'_>) {
    drop(request.fragment.map(Mapping::unmap));
}
