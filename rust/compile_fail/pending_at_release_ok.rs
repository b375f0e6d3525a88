// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::{
    prelude::*,
    workqueue, //
};

// Only the unmapped buffer may outlive the binding.
fn free_later(mapping: Mapping<'_, KVec<u8>, ToDevice>) -> Result {
    let frame = mapping.unmap();

    workqueue::system().try_spawn(GFP_KERNEL, move || drop(frame))?;
    Ok(())
}
