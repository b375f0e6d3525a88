// SPDX-License-Identifier: GPL-2.0

// In C: unmaps the data of transfers that have none
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

struct Request<'a> {
    data: Option<Mapping<'a, KVec<u8>, FromDevice>>,
}

fn unmap_transfer(request: Request<'_>) {
    drop(request.data.unmap()); //~ ERROR E0599
}
