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

struct Meter {
    transfer: KBox<[u8; 64]>,
    users: u32,
}

fn read_meter(dev: &Device<Bound>, mut state: Meter) -> Result {
    Mapping::map(dev, state.transfer, ToDevice)?;
    state.users += 1;
    Ok(())
}
