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

struct Fan {
    output: [u8; 64],
    update_interval: u32,
}

fn send_output(dev: &Device<Bound>, state: &mut KBox<Fan>) -> Result {
    Mapping::map(dev, &mut state.output, ToDevice)?; //~ ERROR E0277
    state.update_interval += 1;
    Ok(())
}
