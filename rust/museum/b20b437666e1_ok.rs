// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn buffer_setup(data: Mapping<'_, KVec<u8>, ToDevice>, failed: bool) {
    let data = data.unmap();
    if failed {
        pr_err!("{} bytes\n", data.len());
    }
}
