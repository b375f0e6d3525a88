// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::prelude::*;

// An address that is left over can be told to people.
fn send(mapping: Mapping<'_, KVec<u8>, ToDevice>) -> KVec<u8> {
    let (dev, address) = (mapping.device(), mapping.span().address());
    let frame = mapping.unmap();

    dev_dbg!(dev, "frame was at {:#x}\n", address);
    frame
}
