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

// The device gets data.
fn load(dev: &Device<Bound>, firmware: &[u8]) -> Result {
    let mut copy = KVec::with_capacity(firmware.len(), GFP_KERNEL)?;
    copy.extend_from_slice(firmware, GFP_KERNEL)?;

    Mapping::map(dev, copy, ToDevice)?;
    Ok(())
}
