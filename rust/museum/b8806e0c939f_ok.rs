// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

struct Request<'a> {
    data: Option<Mapping<'a, KVec<u8>, FromDevice>>,
}

fn unmap_transfer(request: Request<'_>) {
    drop(request.data.map(Mapping::unmap));
}
