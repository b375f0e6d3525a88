// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not check the content of the memory
// In C: lets the device read the padding of a structure, which holds old content of the memory
// Here: does not compile
// Message: memory that holds ... Command` cannot be mapped ... ToDevice`
// Note: types without padding or uninitialized bytes (`AsBytes`)

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

#[repr(C)]
struct Command {
    opcode: u8,
    argument: u32,
}

fn command(dev: &Device<Bound>, opcode: u8, argument: u32) -> Result {
    let command = KBox::new(Command { opcode, argument }, GFP_KERNEL)?;

    Mapping::map(dev, command, ToDevice)?; //~ ERROR E0277
    Ok(())
}
