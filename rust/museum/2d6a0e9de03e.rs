// SPDX-License-Identifier: GPL-2.0

// In C: lets USB map a variable on the stack
// Here: does not compile

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

fn memory_test(dev: &Device<Bound>) -> Result {
    let mut pattern = [0u8; 4];
    Mapping::map(dev, &mut pattern, ToDevice)?; //~ ERROR E0277
    Ok(())
}
