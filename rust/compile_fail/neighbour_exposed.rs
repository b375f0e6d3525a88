// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not know what else is in a page
// In C: maps a small object from kmalloc() in a driver that must expose no other object
// Here: does not compile
// Message: may share a page with other memory, which the device then reaches

use crate::dma::{
    Buffer,
    Mapping,
    Permits,
    ToDevice,
    WholePages, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn send<B: Buffer + WholePages>(dev: &Device<Bound>, command: B) -> Result
where
    ToDevice: Permits<B::Target>,
{
    Mapping::map(dev, command, ToDevice)?;
    Ok(())
}

fn reset(dev: &Device<Bound>) -> Result {
    let command = KBox::new([0u8; 64], GFP_KERNEL)?;

    send(dev, command) //~ ERROR E0277
}
