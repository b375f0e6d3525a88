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

struct Channel<'a> {
    dev: &'a Device<Bound>,
}

fn prepare_interrupt(channel: &Channel<'_>, dummy: KVec<u8>) -> Result {
    Mapping::map(channel.dev, dummy, ToDevice)?;
    Ok(())
}
