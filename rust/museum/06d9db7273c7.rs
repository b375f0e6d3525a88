// SPDX-License-Identifier: GPL-2.0

// In C: unmaps the buffer of each request that it gives back, also of those that have none
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

struct Request<'a> {
    buffer: Option<Mapping<'a, KVec<u8>, FromDevice>>,
}

fn give_back(request: Request<'_>) {
    drop(request.buffer.unmap()); //~ ERROR E0599
}
