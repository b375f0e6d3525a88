// SPDX-License-Identifier: GPL-2.0

// In C: lets USB map a buffer that shares a cache line with a mutex
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

struct Meter {
    transfer: [u8; 64],
    users: u32,
}

fn read_meter(dev: &Device<Bound>, state: &mut KBox<Meter>) -> Result {
    Mapping::map(dev, &mut state.transfer, ToDevice)?; //~ ERROR E0277
    state.users += 1;
    Ok(())
}
