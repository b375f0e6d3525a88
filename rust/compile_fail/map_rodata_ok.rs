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

static RESET: [u8; 4] = [0xde, 0xad, 0xbe, 0xef];

// A copy can be mapped.
fn reset(dev: &Device<Bound>) -> Result {
    Mapping::map(dev, KBox::new(RESET, GFP_KERNEL)?, ToDevice)?;
    Ok(())
}
