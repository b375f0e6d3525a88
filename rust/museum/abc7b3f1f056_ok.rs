// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

struct Request<'a> {
    descriptors: Option<Mapping<'a, KVec<u8>, ToDevice>>,
}

fn free_descriptors(request: Request<'_>) {
    drop(request.descriptors.map(Mapping::unmap));
}
