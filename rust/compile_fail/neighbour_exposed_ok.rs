// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Buffer,
    Mapping,
    PageBox,
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
    let command = PageBox::new([0u8; 64], GFP_KERNEL)?;

    send(dev, command)
}
