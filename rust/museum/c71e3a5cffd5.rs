// SPDX-License-Identifier: GPL-2.0

// In C: unmaps ring entries that were never mapped, as the number of fragments has changed
// Here: does not compile

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

struct Request<'a> {
    fragment: Option<Mapping<'a, KVec<u8>, ToDevice>>,
}

fn tx_clear(request: Request<'_>) {
    drop(request.fragment.unmap()); //~ ERROR E0599
}
