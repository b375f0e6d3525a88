// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

struct Request<'a> {
    destination: Option<Mapping<'a, KVec<u8>, FromDevice>>,
}

fn cleanup(request: Request<'_>) {
    drop(request.destination.map(Mapping::unmap));
}
