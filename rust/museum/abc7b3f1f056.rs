// SPDX-License-Identifier: GPL-2.0

// In C: unmaps the descriptors of a region of device memory, which has none
// Here: does not compile

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

struct Request<'a> {
    descriptors: Option<Mapping<'a, KVec<u8>, ToDevice>>,
}

fn free_descriptors(request: Request<'_>) {
    drop(request.descriptors.unmap()); //~ ERROR E0599
}
