// SPDX-License-Identifier: GPL-2.0

// In C: unmaps the destination on an error path although its mapping has failed
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

struct Request<'a> {
    destination: Option<Mapping<'a, KVec<u8>, FromDevice>>,
}

fn cleanup(request: Request<'_>) {
    drop(request.destination.unmap()); //~ ERROR E0599
}
