// SPDX-License-Identifier: GPL-2.0

// In C: unmaps the data buffer twice if the second buffer cannot be mapped
// Here: does not compile

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn buffer_setup(data: Mapping<'_, KVec<u8>, ToDevice>, failed: bool) {
    if failed {
        drop(data.unmap());
    }
    drop(data.unmap()); //~ ERROR E0382
}
