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
    prelude::*,
    transmute::AsBytes, //
};

#[repr(C)]
struct Command {
    opcode: u8,
    _reserved: [u8; 3],
    argument: u32,
}

// SAFETY: There is no padding: each byte belongs to a field, and no field has padding.
unsafe impl AsBytes for Command {}

fn command(dev: &Device<Bound>, opcode: u8, argument: u32) -> Result {
    let command = Command {
        opcode,
        _reserved: [0; 3],
        argument,
    };

    Mapping::map(dev, KBox::new(command, GFP_KERNEL)?, ToDevice)?;
    Ok(())
}
