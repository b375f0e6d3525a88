// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn receive(dev: &Device<Bound>, frame: KVec<u8>) -> Result<u8> {
    let frame = Mapping::map(dev, frame, FromDevice)?.unmap();
    let header = &frame[..4];

    Ok(header[0])
}
