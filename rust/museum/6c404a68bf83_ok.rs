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
    let mut mapping = Mapping::map(dev, segments, ToDevice)?;
    mapping.sync_for_cpu().reverse();
    Ok(())
}
