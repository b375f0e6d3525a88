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

fn skip_transferred(dev: &Device<Bound>, segments: KVec<u8>) -> Result {
    let mapping = Mapping::map(dev, segments, ToDevice)?;
    let mut segments = mapping.unmap();
    segments.reverse();
    Ok(())
}
