// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

struct Request<'a> {
    data: Mapping<'a, KVec<u8>, FromDevice>,
}

fn read_fifo(request: Request<'_>) {
    drop(request);
}
