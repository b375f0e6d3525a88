// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

// The buffer comes back either way.
fn send(dev: &Device<Bound>, frame: KVec<u8>) -> KVec<u8> {
    match Mapping::map(dev, frame, ToDevice) {
        Ok(mapping) => mapping.unmap(),
        Err(err) => err.buffer,
    }
}
