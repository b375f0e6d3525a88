// SPDX-License-Identifier: GPL-2.0

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

fn request_rx(dev: &Device<Bound>) -> Result<Address> {
    let fifo = CoherentMemory::<[u8]>::zeroed_slice(dev, 4096, GFP_KERNEL)?;
    Ok(fifo.range().address())
}
