// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn probe<'a>(dev: &'a Device<Bound>, failed: bool) -> Result<CoherentMemory<'a, [u8]>> {
    let fifo = CoherentMemory::zeroed_slice(dev, 4096, GFP_KERNEL)?;
    if failed {
        // Frees the memory.
        return Err(EIO);
    }
    Ok(fifo)
}
