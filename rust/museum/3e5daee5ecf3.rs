// SPDX-License-Identifier: GPL-2.0

// In C: maps with the DMA engine's device pointer before it is set
// Here: does not compile

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

struct Channel<'a> {
    dev: Option<&'a Device<Bound>>,
}

fn prepare_interrupt(channel: &Channel<'_>, dummy: KVec<u8>) -> Result {
    Mapping::map(channel.dev, dummy, ToDevice)?; //~ ERROR E0308
    Ok(())
}
