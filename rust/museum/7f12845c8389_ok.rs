// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

struct Request<'a> {
    data: Option<Mapping<'a, KVec<u8>, ToDevice>>,
}

fn task_free(request: Request<'_>) {
    drop(request.data.map(Mapping::unmap));
}
