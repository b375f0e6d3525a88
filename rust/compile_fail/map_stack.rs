// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver maps memory from stack
// In C: maps a local variable
// Here: does not compile
// Message: `&mut [u8; 16]` cannot be mapped for streaming DMA
// Note: `KBox<T>`, `KVec<T>` and `dma::Pages` can

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

fn command(dev: &Device<Bound>, opcode: u8) -> Result {
    let mut command = [0; 16];
    command[0] = opcode;

    Mapping::map(dev, &mut command, ToDevice)?; //~ ERROR E0277
    Ok(())
}
