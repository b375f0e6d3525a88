// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

struct Request<'a> {
    buffer: Option<Mapping<'a, KVec<u8>, FromDevice>>,
}

fn give_back(request: Request<'_>) {
    drop(request.buffer.map(Mapping::unmap));
}
