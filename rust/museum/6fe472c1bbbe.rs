// SPDX-License-Identifier: GPL-2.0

// In C: uses coherent memory without a check that it was allocated
// Here: does not compile

use crate::dma::{
    Address,
    CoherentMemory, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn request_rx(dev: &Device<Bound>) -> Address {
    let fifo = CoherentMemory::<[u8]>::zeroed_slice(dev, 4096, GFP_KERNEL);
    fifo.range().address() //~ ERROR E0599
}
