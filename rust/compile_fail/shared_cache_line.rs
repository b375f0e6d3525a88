// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: maps a field of a structure that shares a cache line with fields that the CPU uses
// Here: does not compile
// Message: cannot be mapped for streaming DMA
// Note: `KBox<T>`, `KVec<T>` and `dma::Pages` can

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
    status: [u8; 16],
}

fn poll(dev: &Device<Bound>, state: &mut KBox<State>) -> Result {
    Mapping::map(dev, &mut state.status, FromDevice)?; //~ ERROR E0277
    state.users += 1;
    Ok(())
}
