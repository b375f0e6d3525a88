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

struct Fan {
    output: KBox<[u8; 64]>,
    update_interval: u32,
}

fn send_output(dev: &Device<Bound>, mut state: Fan) -> Result {
    Mapping::map(dev, state.output, ToDevice)?;
    state.update_interval += 1;
    Ok(())
}
