// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    scoped::with_mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn send(dev: &Device<Bound>, frame: &mut Option<KVec<u8>>) -> Result {
    with_mapping(dev, frame, ToDevice, |mapping| {
        mapping.sync_for_cpu().ok_or(EIO)?[0] = 0x5a;
        Ok(())
    })
}
