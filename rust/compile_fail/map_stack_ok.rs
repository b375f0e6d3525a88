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

fn command(dev: &Device<Bound>, opcode: u8) -> Result {
    let mut command = KBox::new([0; 16], GFP_KERNEL)?;
    command[0] = opcode;

    Mapping::map(dev, command, ToDevice)?;
    Ok(())
}
