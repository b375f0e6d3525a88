// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

// The buffer is returned in both cases.
fn send(dev: &Device<Bound>, frame: KVec<u8>) -> KVec<u8> {
    match Mapping::map(dev, frame, ToDevice) {
        Ok(mapping) => mapping.unmap(),
        Err(err) => err.value,
    }
}
