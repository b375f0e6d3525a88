// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

struct State {
    users: u32,
    status: KBox<[u8; 16]>,
}

// An allocation of its own is aligned to cache lines, or is bounced.
fn poll(dev: &Device<Bound>, mut state: State) -> Result {
    Mapping::map(dev, state.status, FromDevice)?;
    state.users += 1;
    Ok(())
}
