// SPDX-License-Identifier: GPL-2.0

// In C: unmaps the list of an abort command, which has none, because a count was not set to zero
// Here: does not compile

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

struct Request<'a> {
    data: Option<Mapping<'a, KVec<u8>, ToDevice>>,
}

fn task_free(request: Request<'_>) {
    drop(request.data.unmap()); //~ ERROR E0599
}
